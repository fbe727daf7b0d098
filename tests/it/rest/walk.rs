//! The walk through the API that integrators are given does what it says.

use super::json;
use crate::harness::{TestServer, both};
use std::process::Command;

both! {
    fn the_example_runs_to_its_end(db) {
        if Command::new("curl").arg("--version").output().is_err() {
            println!("skipped: curl is not installed here");
            return;
        }
        let server = TestServer::start(db);
        server.user("alice");
        let (_, password) = server.wait(server.core().add_app_password("alice", "walk", "")).expect("a password");
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/rest.sh");
        let done = Command::new("sh")
            .args([script, &format!("http://{}", server.address()), "alice", &password])
            .output()
            .expect("a shell");
        let (told, errors) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
        assert!(done.status.success(), "{told}\n{errors}");
        for expected in ["Asia/Tokyo", "\"kind\":\"busy\"", "UID:autre-", "\"created\":true", "\"title\":\"Comité, salle 3\"", "{\"name\":\"Agenda\"}"] {
            assert!(told.contains(expected), "{expected}: {told}");
        }
        // Nothing is left of it.
        let alice = server.client("alice", &password);
        assert_eq!(json(&alice.get("/api/v1/calendars").ok())["items"].as_array().map(Vec::len), Some(2));
        assert_eq!(json(&alice.get("/api/v1/sessions").ok())["items"].as_array().map(Vec::len), Some(0));
    }
}
