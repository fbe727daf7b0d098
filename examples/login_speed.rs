//! Measures what a login costs once it has been checked, by password (Basic) and by access token (Bearer): the header read, the
//! remembered proof found, and the account's state asked of an embedded database. Run with `--release`.

use actix_web::http::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use base64::Engine;
use cenacle::domain::principal::{NewPrincipal, PrincipalKind};
use cenacle::server::auth;
use cenacle::services::{Core, Limits};
use cenacle::store::{Location, Store};
use std::time::Instant;

/// Logins that are timed.
const LOGINS: u32 = 200_000;
/// Microseconds that one may take.
const WANTED: f64 = 20.0;

fn main() -> Result<(), String> {
    let folder = std::env::temp_dir().join(format!("cenacle-login-{}", std::process::id()));
    std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    let taken = actix_web::rt::System::new().block_on(measure(&folder));
    std::fs::remove_dir_all(&folder).map_err(|error| error.to_string())?;
    let (first, each) = taken?;
    println!("first login (argon2id): {first:.1} ms");
    println!("each login after it:    {each:.2} µs (wanted: under {WANTED} µs)");
    if each < WANTED { Ok(()) } else { Err("too slow".into()) }
}

/// Milliseconds of the first login, and microseconds of each after it.
async fn measure(folder: &std::path::Path) -> Result<(f64, f64), String> {
    let store =
        Store::open(&Location::File(folder.join("cenacle.sqlite"))).map_err(|error| error.to_string())?;
    let core = Core::new(store, Limits::default());
    let new = NewPrincipal {
        kind: PrincipalKind::User,
        display_name: "Claire Martin".into(),
        handle: "claire.martin".into(),
        addresses: vec!["claire.martin@example.org".into()],
        admin: false,
        time_zone: None,
    };
    core.create_principal(new, Some("correct horse".into())).await.map_err(|fault| fault.to_string())?;
    let basic = base64::engine::general_purpose::STANDARD.encode("claire.martin@example.org:correct horse");
    let value = HeaderValue::from_str(&format!("Basic {basic}")).map_err(|error| error.to_string())?;
    let headers: HeaderMap = [(AUTHORIZATION, value)].into_iter().collect();
    let begun = Instant::now();
    auth::actor(&core, &headers).await.map_err(|fault| fault.to_string())?;
    let first = begun.elapsed().as_secs_f64() * 1e3;
    let begun = Instant::now();
    for _ in 0..LOGINS {
        auth::actor(&core, &headers).await.map_err(|fault| fault.to_string())?;
    }
    Ok((first, begun.elapsed().as_secs_f64() * 1e6 / f64::from(LOGINS)))
}
