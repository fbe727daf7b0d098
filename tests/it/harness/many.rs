//! Many members of a collection at once: through the services, side by side, so that they share commits.

use super::TestServer;
use cenacle::domain::collection::HomeKind;
use cenacle::domain::precondition::Preconditions;
use cenacle::domain::principal::PrincipalKind;
use cenacle::services::Actor;
use cenacle::services::access::Place;
use cenacle::services::content::{Media, Sent};
use cenacle::store::Location;
use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};
use futures_util::future::join_all;

/// Puts these names and bodies into the collection `slug` of the calendar home of `handle`.
pub fn fill(server: &TestServer, handle: &str, slug: &str, members: &[(String, String)]) {
    let core = server.core();
    let place =
        Place { owner: handle.to_owned(), home: HomeKind::Calendars, slug: slug.to_owned(), id: None };
    server.wait(async {
        let principal = core.principal(PrincipalKind::User, handle).await.expect("a principal");
        let actor = Actor::undoubted(principal.id, principal.handle, None);
        for (at, piece) in members.chunks(256).enumerate() {
            if at == 1 {
                take_statistics(server);
            }
            let puts = piece.iter().map(|(name, body)| {
                let sent = Sent { body: body.clone(), media: Media::Calendar };
                core.put_item(&actor, &place, name, sent, Preconditions::default())
            });
            for stored in join_all(puts).await {
                stored.expect("a new member");
            }
        }
    });
}

/// A server of tests never looks at its tables by itself, and without statistics finds a member by reading all of them.
fn take_statistics(server: &TestServer) {
    if let Location::Server(url) = server.location() {
        let mut connection = PgConnection::establish(url).expect("the database");
        connection.batch_execute("ANALYZE object, change, tombstone, collection").expect("statistics");
    }
}
