//! Archives written and read back, damaged ones refused.

use super::*;
use crate::domain::collection::HomeKind;
use crate::domain::group::{Role, Visibility};
use crate::domain::precondition::Preconditions;
use crate::domain::principal::{NewPrincipal, PrincipalKind};
use crate::services::access::Place;
use crate::services::actor::Actor;
use crate::services::groups::{GroupChange, Inside};
use crate::store::{Location, Store};
use std::io::Cursor;
use std::path::{Path, PathBuf};

const EVENT: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:e1\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:20260105T090000Z\r\nSUMMARY:Réunion \\, plié\r\n  e\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

/// A folder that goes away with the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let path = std::env::temp_dir().join(format!("cenacle-archive-{}", uuid::Uuid::now_v7()));
        std::fs::create_dir(&path).expect("a folder");
        Folder(path)
    }

    fn core(&self, name: &str) -> Core {
        let file: &Path = &self.0.join(name);
        Core::new(Store::open(&Location::File(file.into())).expect("opens"), Limits::default())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn default_calendar(owner: &str) -> Place {
    Place { owner: owner.into(), home: HomeKind::Calendars, slug: "default".into(), id: None }
}

async fn filled(core: &Core) {
    let new = |kind, handle: &str| NewPrincipal {
        kind,
        handle: handle.into(),
        display_name: handle.to_uppercase(),
        addresses: vec![format!("{handle}@example.org")],
        admin: false,
        time_zone: Some("Europe/Paris".into()),
    };
    core.create_principal(new(PrincipalKind::User, "zoe"), Some("secret".into())).await.expect("made");
    core.create_principal(new(PrincipalKind::Group, "team"), None).await.expect("made");
    core.create_principal(new(PrincipalKind::Group, "outer"), None).await.expect("made");
    core.add_member("outer", "team").await.expect("added");
    let owner = vec![("zoe".to_owned(), Role::Owner)];
    let none = Preconditions::default();
    core.add_members(&Actor::operator(), "team", owner, none, None).await.expect("added");
    let secret = GroupChange { visibility: Some(Visibility::Private), ..GroupChange::default() };
    for group in ["outer", "team"] {
        let none = Preconditions::default();
        core.change_group(&Actor::operator(), group, secret.clone(), none).await.expect("changed");
    }
    let zoe = core.on_behalf("zoe", "test").await.expect("there");
    let sent = || Sent { body: EVENT.into(), media: Media::Calendar };
    core.put_item(&zoe, &default_calendar("zoe"), "a.ics", sent(), Preconditions::default())
        .await
        .expect("stored");
    core.put_item(&zoe, &default_calendar("zoe"), "a.ics", sent(), Preconditions::default())
        .await
        .expect("stored");
    let book = Place { home: HomeKind::AddressBooks, ..default_calendar("zoe") };
    let card = Sent {
        body: "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:c\r\nFN:Éva\r\nN:;Éva;;;\r\nEND:VCARD\r\n".into(),
        media: Media::Card,
    };
    core.put_item(&zoe, &book, "c.vcf", card.clone(), Preconditions::default()).await.expect("stored");
    core.delete_item(&zoe, &book, "c.vcf", Preconditions::default()).await.expect("gone");
    core.put_item(&zoe, &book, "d.vcf", card, Preconditions::default()).await.expect("stored");
}

async fn archive(core: &Core) -> (Moved, Vec<u8>) {
    core.write_archive(Vec::new(), |_| {}).await.expect("written")
}

#[actix_web::test]
async fn what_goes_out_comes_in() {
    let folder = Folder::new();
    let old = folder.core("old");
    filled(&old).await;
    let token = old.issue_token("zoe", "", 60).await.expect("made");
    let (out, bytes) = archive(&old).await;
    assert_eq!(out.rows.get("signing_key"), Some(&1));
    assert_eq!(out.rows.get("object"), Some(&2));
    assert_eq!(out.rows.get("version"), Some(&2));
    assert_eq!(out.rows.get("tombstone"), Some(&1));

    let new = folder.core("new");
    let moved = new.read_archive(Cursor::new(&bytes), Tokens::Keep, |_| {}).await.expect("read");
    assert_eq!((moved.refused_count, &moved.rows), (0, &out.rows));

    // Opened again, for the epoch and the key of the tokens are read at the start.
    let new = folder.core("new");
    let zoe = new.log_in("ZOE@example.org", "secret", None).await.expect("the password went along");
    let before = old.on_behalf("zoe", "test").await.expect("there");
    let place = default_calendar("zoe");
    let (access, item) = new.item(&zoe, &place, "a.ics").await.expect("there");
    let (old_access, old_item) = old.item(&before, &place, "a.ics").await.expect("there");
    assert_eq!(item.body, EVENT);
    assert_eq!((&item.etag, item.modseq, &item.parsed), (&old_item.etag, old_item.modseq, &old_item.parsed));
    assert_eq!(new.token(&access), old.token(&old_access));
    assert!(new.log_in_with_token(&token, None).await.is_ok());
    let inside = Inside { kind: None, depth: 9, after: String::new(), limit: 9 };
    let (found, _) = new.effective_members(&zoe, "outer", inside).await.expect("she is in it");
    let found: Vec<(&str, i16)> = found.iter().map(|(one, depth)| (one.handle.as_str(), *depth)).collect();
    assert_eq!(found, [("team", 1), ("zoe", 2)], "the closure is derived");
    let team = new.group(&zoe, "team").await.expect("hers");
    assert_eq!((team.detail.visibility, team.by.role), (Visibility::Private, Some(Role::Owner)));

    // And a third database gives the same archive, but for its first and last line.
    let (_, again) = archive(&new).await;
    let middle = |bytes: &[u8]| {
        let text = String::from_utf8(bytes.to_vec()).expect("UTF-8");
        let lines: Vec<String> =
            text.lines().filter(|line| !line.contains("\"last_used\"")).map(str::to_owned).collect();
        lines[1..lines.len() - 1].to_vec()
    };
    assert_eq!(middle(&bytes), middle(&again));
}

#[actix_web::test]
async fn tokens_end_where_nothing_else_is_said() {
    let folder = Folder::new();
    let old = folder.core("old");
    filled(&old).await;
    let token = old.issue_token("zoe", "", 60).await.expect("made");
    let (_, bytes) = archive(&old).await;
    let new = folder.core("new");
    new.read_archive(Cursor::new(&bytes), Tokens::Renew, |_| {}).await.expect("read");
    let new = folder.core("new");
    // In the name of the old one too, for that alone must not help.
    let new = new.issued_by(Some(old.issuer()));
    assert_eq!(new.log_in_with_token(&token, None).await.map(|_| ()), Err(Fault::Unauthenticated));
    let zoe = new.on_behalf("zoe", "test").await.expect("there");
    let access = new.collection(&zoe, &default_calendar("zoe")).await.expect("there");
    let before = old.collection(&zoe, &default_calendar("zoe")).await.expect("there");
    assert_ne!(new.token(&access).epoch, old.token(&before).epoch);
}

#[actix_web::test]
async fn damaged_archives_and_full_databases_are_refused() {
    let folder = Folder::new();
    let old = folder.core("old");
    filled(&old).await;
    let (_, bytes) = archive(&old).await;
    assert!(matches!(
        old.read_archive(Cursor::new(&bytes), Tokens::Renew, |_| {}).await,
        Err(Broken::Fault(Fault::Conflict(_)))
    ));

    let refused = |name: &'static str, bytes: Vec<u8>| {
        let core = folder.core(name);
        async move {
            core.read_archive(Cursor::new(bytes), Tokens::Renew, |_| {})
                .await
                .expect_err("refused")
                .to_string()
        }
    };
    let cut = bytes[..bytes.len() - 30].to_vec();
    assert!(refused("cut", cut).await.contains("cut off"));
    let text = String::from_utf8(bytes.clone()).expect("UTF-8");
    let (without_end, _) = text.trim_end().rsplit_once('\n').expect("lines");
    assert!(refused("short", format!("{without_end}\n").into_bytes()).await.contains("ends early"));
    assert!(refused("changed", text.replacen("ZOE", "ZOO", 1).into_bytes()).await.contains("digest"));
    assert!(refused("other", b"BEGIN:VCALENDAR\n".to_vec()).await.contains("not an archive"));
    // What was stored before the end was seen is marked, and what is whole is not.
    let long = format!("{}\n{}", text.trim_end(), "more");
    assert!(refused("longer", long.into_bytes()).await.contains("follows the end"));
    let later = text.replacen("\"format\":1", "\"format\":2", 1).into_bytes();
    assert!(refused("later", later).await.contains("later"));
}

#[actix_web::test]
async fn what_was_not_read_to_its_end_is_marked() {
    let folder = Folder::new();
    let old = folder.core("old");
    filled(&old).await;
    let alice = old.on_behalf("zoe", "test").await.expect("there");
    for at in 0..600 {
        let sent = Sent { body: EVENT.replace("UID:e1", &format!("UID:m{at}")), media: Media::Unsaid };
        let name = format!("m{at}.ics");
        old.put_item(&alice, &default_calendar("zoe"), &name, sent, Preconditions::default())
            .await
            .expect("put");
    }
    let (_, bytes) = archive(&old).await;
    let new = folder.core("new");
    let cut = Cursor::new(&bytes[..bytes.len() - 30]);
    new.read_archive(cut, Tokens::Keep, |_| {}).await.expect_err("cut off");
    assert!(new.unfinished_import().await.expect("asked").is_some());
    let whole = folder.core("whole");
    whole.read_archive(Cursor::new(&bytes), Tokens::Keep, |_| {}).await.expect("read");
    assert_eq!(whole.unfinished_import().await, Ok(None));
}

#[actix_web::test]
async fn a_restored_database_refuses_the_tokens_of_the_lost_time() {
    let folder = Folder::new();
    let core = folder.core("old");
    filled(&core).await;
    let zoe = core.on_behalf("zoe", "test").await.expect("there");
    let before = core.collection(&zoe, &default_calendar("zoe")).await.expect("there");
    let token = core.token(&before);
    let bearer = core.issue_token("zoe", "", 3600).await.expect("a token");
    core.log_in_with_token(&bearer, None).await.expect("good so far");
    core.end_tokens().await.expect("ended");
    let again = folder.core("old");
    let access = again.collection(&zoe, &default_calendar("zoe")).await.expect("there");
    assert!(matches!(again.changes(&access, Some(&token), 10, 0).await, Err(Fault::Condition(_))));
    assert!(again.changes(&access, Some(&again.token(&access)), 10, 0).await.is_ok());
    assert!(matches!(again.log_in_with_token(&bearer, None).await, Err(Fault::Unauthenticated)));
}
