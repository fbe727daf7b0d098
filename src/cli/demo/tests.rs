//! The demonstration institute: filled once, kept at a second start, believable.

use super::*;
use crate::domain::collection::HomeKind;
use crate::domain::group::Role;
use crate::domain::principal::PrincipalKind;
use crate::services::Limits;
use crate::services::access::Place;
use crate::store::{Location, Store};

#[actix_web::test]
async fn a_second_start_keeps_what_the_first_made() {
    let folder = std::env::temp_dir().join(format!("cenacle-demo-{}", uuid::Uuid::now_v7()));
    std::fs::create_dir(&folder).expect("a folder");
    let core = Core::new(Store::open(&Location::File(folder.join("db"))).expect("opens"), Limits::default());
    let passwords = prepare(&core, &folder, None).await.expect("filled");
    assert_eq!(passwords.len(), people::OPEN.len());
    let claire = core.log_in("claire.martin", &passwords["claire.martin"], None).await.expect("her password");
    assert_eq!(core.principals(PrincipalKind::Room, "", 100).await.expect("listed").len(), 6);
    assert!(core.principals(PrincipalKind::User, "", 100).await.expect("listed").len() >= 40);

    let place =
        Place { owner: "claire.martin".into(), home: HomeKind::Calendars, slug: "default".into(), id: None };
    let before = core.collection(&claire, &place).await.expect("there");
    assert!(core.usage(&before).await.expect("counted").0 >= 15);
    let again = prepare(&core, &folder, None).await.expect("kept");
    assert_eq!(again, passwords);
    let after = core.collection(&claire, &place).await.expect("there");
    assert_eq!(core.token(&after), core.token(&before));

    let shared = Place { owner: "karim.benali".into(), slug: "projet-genomique".into(), ..place.clone() };
    assert!(
        core.collection(&claire, &shared).await.is_ok(),
        "the project's calendar is shared with its group"
    );
    let remi = core.on_behalf("remi.bonnet", "test").await.expect("there");
    let seen = core.group(&remi, "recherche").await.expect("a public group");
    assert_eq!(seen.by.role, Some(Role::Member), "by way of the platform");
    assert_eq!(core.group(&claire, "preparation-conseil").await.map(|_| ()), Ok(()));
    assert!(core.group(&remi, "preparation-conseil").await.is_err(), "a private one");
    let room = Place { owner: "salle-curie".into(), ..place };
    let bookings = core.collection(&claire, &room).await.expect("rooms can be looked at");
    assert!(core.entries(&bookings, 0, 10).await.expect("listed").0.len() >= 2);
    let _ = std::fs::remove_dir_all(folder);
}

#[actix_web::test]
async fn other_peoples_data_are_left_alone() {
    let folder = std::env::temp_dir().join(format!("cenacle-demo-{}", uuid::Uuid::now_v7()));
    std::fs::create_dir(&folder).expect("a folder");
    let core = Core::new(Store::open(&Location::File(folder.join("db"))).expect("opens"), Limits::default());
    let somebody = crate::domain::principal::NewPrincipal {
        kind: PrincipalKind::User,
        handle: "somebody".into(),
        display_name: "Somebody".into(),
        addresses: Vec::new(),
        admin: false,
        time_zone: None,
    };
    core.create_principal(somebody, None).await.expect("made");
    assert!(prepare(&core, &folder, None).await.is_err());
    assert_eq!(core.principals(PrincipalKind::User, "", 100).await.expect("listed").len(), 1);
    let _ = std::fs::remove_dir_all(folder);
}
