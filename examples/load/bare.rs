//! The reference: what actix itself can answer on this machine. It looks for a login and sends a small fixed body.

use actix_web::http::header::AUTHORIZATION;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use std::net::SocketAddr;

/// What it always answers.
pub const BODY: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//bare//EN\r\nEND:VCALENDAR\r\n";
/// As many as the server has on two cores.
const WORKERS: usize = 2;

async fn answer(request: HttpRequest) -> HttpResponse {
    if request.headers().contains_key(AUTHORIZATION) {
        HttpResponse::Ok().content_type("text/calendar; charset=utf-8").body(BODY)
    } else {
        HttpResponse::Unauthorized().finish()
    }
}

/// Serves until it is killed.
pub fn run(listen: SocketAddr) -> Result<(), String> {
    actix_web::rt::System::new()
        .block_on(async move {
            HttpServer::new(|| App::new().default_service(web::route().to(answer)))
                .workers(WORKERS)
                .tcp_nodelay(true)
                .bind(listen)?
                .run()
                .await
        })
        .map_err(|error| format!("the bare handler cannot serve: {error}"))
}
