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
    let [basic, bearer] = taken?;
    println!("first login by password (argon2id):   {:.1} ms", basic.first);
    println!("each login after it:                  {:.2} µs (wanted: under {WANTED} µs)", basic.each);
    println!("first login by a token (signature):   {:.1} ms", bearer.first);
    println!("each login after it:                  {:.2} µs (wanted: under {WANTED} µs)", bearer.each);
    if basic.each < WANTED && bearer.each < WANTED { Ok(()) } else { Err("too slow".into()) }
}

/// What logins of a kind take.
struct Taken {
    /// Milliseconds of the first.
    first: f64,
    /// Microseconds of each after it.
    each: f64,
}

/// By password, and by token.
async fn measure(folder: &std::path::Path) -> Result<[Taken; 2], String> {
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
    let basic = logins(&core, &format!("Basic {basic}")).await?;
    let actor =
        core.log_in("claire.martin", "correct horse", None).await.map_err(|fault| fault.to_string())?;
    let tokens = core.open_session(&actor, None, "speed").await.map_err(|fault| fault.to_string())?;
    Ok([basic, logins(&core, &format!("Bearer {}", tokens.access)).await?])
}

async fn logins(core: &Core, authorization: &str) -> Result<Taken, String> {
    let value = HeaderValue::from_str(authorization).map_err(|error| error.to_string())?;
    let headers: HeaderMap = [(AUTHORIZATION, value)].into_iter().collect();
    let begun = Instant::now();
    auth::actor(core, &headers).await.map_err(|fault| fault.to_string())?;
    let first = begun.elapsed().as_secs_f64() * 1e3;
    let begun = Instant::now();
    for _ in 0..LOGINS {
        auth::actor(core, &headers).await.map_err(|fault| fault.to_string())?;
    }
    Ok(Taken { first, each: begun.elapsed().as_secs_f64() * 1e6 / f64::from(LOGINS) })
}
