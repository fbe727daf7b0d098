//! Sockets: plain on loopback, TLS by rustls; graceful stop on SIGTERM and SIGINT.

use super::app::{self, TrustedProxies};
use crate::config::{Config, Tls};
use crate::http::rates;
use crate::rest::link_door::LinkRates;
use crate::rest::subscriptions::FeedTargets;
use crate::rest::{Rates, Sites};
use crate::services::Core;
use actix_web::dev::Server;
use actix_web::web::Data;
use actix_web::{App, HttpServer};
use rustls::ServerConfig;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

/// How long running requests may finish after the signal to stop.
const GRACE: u64 = 20;

/// New connections that may wait to be accepted; the system may allow fewer.
const QUEUE: i32 = 4096;

/// Makes a server on a listener that is already bound.
pub fn serve(core: Core, config: &Config, listener: TcpListener) -> io::Result<Server> {
    // The standard library queues 128 new connections; who finds no room tries again a second later.
    socket2::SockRef::from(&listener).listen(QUEUE)?;
    let data = Data::new(core);
    let proxies = Data::new(TrustedProxies(config.trusted_proxies.clone()));
    let rates = Data::new(Rates::new(config.rest_requests));
    let link_rates = Data::new(LinkRates(rates::Rates::new(config.link_requests)));
    let sites = Data::new(Sites(config.rest_sites.clone()));
    let feeds = Data::new(FeedTargets(config.subscription_targets().map_err(io::Error::other)?));
    let targets = Data::new(config.webhook_targets().map_err(io::Error::other)?);
    let server = HttpServer::new(move || {
        App::new()
            .app_data(data.clone())
            .app_data(proxies.clone())
            .app_data(rates.clone())
            .app_data(link_rates.clone())
            .app_data(sites.clone())
            .app_data(targets.clone())
            .app_data(feeds.clone())
            .configure(app::configure)
    })
    .workers(config.workers)
    .keep_alive(Duration::from_secs(75))
    .client_request_timeout(Duration::from_secs(20))
    .client_disconnect_timeout(Duration::from_secs(5))
    // The end of a long answer must not wait for the receipt of what came before it.
    .tcp_nodelay(true)
    .shutdown_timeout(GRACE);
    let server = match &config.tls {
        None => server.listen_auto_h2c(listener)?,
        Some(tls) => server.listen_rustls_0_23(listener, tls_config(tls)?)?,
    };
    Ok(server.run())
}

fn tls_config(tls: &Tls) -> io::Result<ServerConfig> {
    let wrong = |what: &str, error: &dyn std::fmt::Display| io::Error::other(format!("TLS {what}: {error}"));
    let certificates = CertificateDer::pem_file_iter(&tls.certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| wrong("certificate", &error))?;
    let key = PrivateKeyDer::from_pem_file(&tls.key).map_err(|error| wrong("key", &error))?;
    ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| wrong("versions", &error))?
        .with_no_client_auth()
        .with_single_cert(certificates, key)
        .map_err(|error| wrong("pair", &error))
}
