//! Sockets: plain on loopback, TLS by rustls; graceful stop on SIGTERM and SIGINT.

use super::app::{self, TrustedProxies};
use super::tls;
use crate::config::Config;
use crate::http::rates;
use crate::rest::link_door::LinkRates;
use crate::rest::stopping::Stopping;
use crate::rest::subscriptions::FeedTargets;
use crate::rest::{Rates, Sites};
use crate::services::Core;
use actix_web::dev::Server;
use actix_web::web::Data;
use actix_web::{App, HttpServer};
use std::io;
use std::net::TcpListener;
use std::time::Duration;
use tokio::sync::watch;

/// How long running requests may finish after the signal to stop.
const GRACE: u64 = 20;

/// New connections that may wait to be accepted; the system may allow fewer.
const QUEUE: i32 = 4096;

/// Makes a server on a listener that is already bound.
pub fn serve(core: Core, config: &Config, listener: TcpListener) -> io::Result<Server> {
    // Before all else: what is wrong with it should be known before anybody is served.
    let tls = config.tls.as_ref().map(tls::config).transpose().map_err(io::Error::other)?;
    // The standard library queues 128 new connections; who finds no room tries again a second later.
    socket2::SockRef::from(&listener).listen(QUEUE)?;
    let data = Data::new(core);
    let proxies = Data::new(TrustedProxies(config.trusted_proxies.clone()));
    let rates = Data::new(Rates::new(config.rest_requests));
    let link_rates = Data::new(LinkRates(rates::Rates::new(config.link_requests)));
    let sites = Data::new(Sites(config.rest_sites.clone()));
    let feeds = Data::new(FeedTargets(config.subscription_targets().map_err(io::Error::other)?));
    let targets = Data::new(config.webhook_targets().map_err(io::Error::other)?);
    let (word, stops) = watch::channel(false);
    let stopping = Data::new(Stopping::new(stops));
    let server = HttpServer::new(move || {
        App::new()
            .app_data(data.clone())
            .app_data(proxies.clone())
            .app_data(rates.clone())
            .app_data(link_rates.clone())
            .app_data(sites.clone())
            .app_data(targets.clone())
            .app_data(feeds.clone())
            .app_data(stopping.clone())
            .configure(app::configure)
    })
    .workers(config.workers)
    .keep_alive(Duration::from_secs(75))
    .client_request_timeout(Duration::from_secs(20))
    .client_disconnect_timeout(Duration::from_secs(5))
    // The end of a long answer must not wait for the receipt of what came before it.
    .tcp_nodelay(true)
    .shutdown_timeout(GRACE);
    let server = match tls {
        None => server.listen_auto_h2c(listener)?,
        Some(tls) => server.listen_rustls_0_23(listener, tls)?,
    };
    actix_web::rt::spawn(tell_of_stop(word));
    Ok(server.run())
}

/// Sends `true` at the first signal to stop.
async fn tell_of_stop(word: watch::Sender<bool>) {
    match told_to_stop().await {
        Ok(()) => drop(word.send(true)),
        Err(error) => {
            tracing::warn!(%error, "signals cannot be heard: a stop waits for open change streams");
        }
    }
}

#[cfg(unix)]
async fn told_to_stop() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

#[cfg(not(unix))]
async fn told_to_stop() -> io::Result<()> {
    tokio::signal::ctrl_c().await
}
