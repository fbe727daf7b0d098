//! Writes by what was seen before (database servers only): where the item is not so any more, nothing at all is done.

use crate::harness::{Db, TestServer, samples};
use cenacle::domain::collection::{CollectionKind, HomeKind};
use cenacle::domain::fault::Fault;
use cenacle::domain::object::Object;
use cenacle::domain::principal::PrincipalKind;
use cenacle::services::Limits;
use cenacle::services::content::{self, Media, Sent};
use cenacle::store::{Door, Error, Origin, Store};

/// What is attempted, with what was seen.
#[derive(Debug, Clone)]
enum What {
    Remove(Object),
    Replace(Object),
    Create,
}

/// All that a write could have touched, as text.
fn state(server: &TestServer) -> Vec<String> {
    use diesel::{Connection, PgConnection, QueryableByName, RunQueryDsl, sql_query, sql_types::Text};
    #[derive(QueryableByName)]
    struct Line {
        #[diesel(sql_type = Text)]
        line: String,
    }
    let cenacle::store::Location::Server(url) = server.location() else { panic!("a server") };
    let mut conn = PgConnection::establish(url).expect("the database");
    let mut all = Vec::new();
    for table in ["home", "collection", "object", "tombstone", "change", "version"] {
        let rows = sql_query(format!("SELECT '{table} ' || t::text AS line FROM {table} t ORDER BY 1"));
        all.extend(rows.load::<Line>(&mut conn).expect("rows").into_iter().map(|row| row.line));
    }
    all
}

#[test]
fn what_has_moved_since_it_was_seen_is_left_alone() {
    if !Db::Postgres.is_here() {
        return;
    }
    let server = TestServer::start(Db::Postgres);
    let alice = server.user("alice");
    let path = alice.calendar("default/a.ics");
    alice.put(&path, samples::meeting("a")).created();
    let store = Store::open(server.location()).expect("the database");
    let id = server.wait(server.core().principal(PrincipalKind::User, "alice")).expect("alice").id;
    let seen = server.wait(store.write(move |tx| {
        let collection = tx.collection(id, HomeKind::Calendars, "default")?.ok_or(Fault::NotFound)?;
        let object = tx.object(collection.id, "a.ics")?.ok_or(Fault::NotFound)?;
        Ok((collection, object))
    }));
    let (collection, old) = seen.expect("what was seen");
    // Somebody else is faster.
    alice.put(&path, samples::event("a", &["DTSTART:20260301T090000Z"])).no_content();
    let before = state(&server);
    let by = Origin { actor: id, door: Door::CalDav, device: None };
    let sent = Sent { body: samples::event("a", &["DTSTART:20260401T090000Z"]), media: Media::Calendar };
    let (draft, _) =
        content::draft("a.ics", sent, CollectionKind::Calendar, &Limits::default()).expect("a draft");
    let attempt = |what: What| {
        let (collection, by, draft) = (collection.clone(), by.clone(), draft.clone());
        server.wait(store.write(move |tx| {
            tx.lock_home(id, HomeKind::Calendars)?;
            let done = match &what {
                What::Remove(seen) => tx.remove_object(&collection, seen, &by),
                What::Replace(seen) => tx.put_object(&collection, &draft, Some(seen), &by).map(|_| ()),
                What::Create => tx.put_object(&collection, &draft, None, &by).map(|_| ()),
            };
            match done {
                // Committed, so that whatever was done stays.
                Err(Error::Fault(Fault::NotFound)) => Ok(false),
                other => other.map(|()| true),
            }
        }))
    };
    for what in [What::Remove(old.clone()), What::Replace(old.clone()), What::Create] {
        let told = format!("{what:?}");
        assert!(!attempt(what).expect("a transaction"), "done though it had changed: {told}");
        assert_eq!(state(&server), before, "{told}");
    }
    // As it is now it goes.
    let now = Object { modseq: old.modseq + 1, ..old };
    assert!(attempt(What::Remove(now)).expect("a transaction"));
    alice.get(&path).status(404);
}
