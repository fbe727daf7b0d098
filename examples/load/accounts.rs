//! Many accounts at once, straight through the services: the command line would make them one process each.

use cenacle::domain::principal::{NewPrincipal, PrincipalKind};
use cenacle::services::{Core, Limits};
use cenacle::store::{Location, Store};
use futures_util::{StreamExt, TryStreamExt, stream};

/// Accounts that are made at a time: one commit holds many.
const AT_ONCE: usize = 128;

/// Makes accounts, each with an application password, and prints login and password of each.
pub fn run(database: &str, count: usize) -> Result<(), String> {
    let location = Location::parse(database).map_err(|error| error.to_string())?;
    let store = Store::open(&location).map_err(|error| error.to_string())?;
    let core = Core::new(store, Limits::default());
    let run = std::process::id();
    let make = |number: usize| {
        let core = core.clone();
        async move {
            let handle = format!("u{run}-{number}");
            let new = NewPrincipal {
                kind: PrincipalKind::User,
                display_name: format!("Personne {number}"),
                handle: handle.clone(),
                addresses: vec![format!("{handle}@example.org")],
                admin: false,
                time_zone: Some("Europe/Paris".into()),
            };
            core.create_principal(new, None).await.map_err(|fault| fault.to_string())?;
            let (_, secret) =
                core.add_app_password(&handle, "load", "").await.map_err(|fault| fault.to_string())?;
            Ok::<_, String>((handle, secret))
        }
    };
    let made: Vec<(String, String)> = actix_web::rt::System::new()
        .block_on(stream::iter((0..count).map(make)).buffer_unordered(AT_ONCE).try_collect())?;
    for (handle, secret) in made {
        println!("{handle}\t{secret}");
    }
    Ok(())
}
