//! The program from its start to its stop: what it says of a configuration that it cannot use, and how it ends.

mod settings;
mod stop;
mod tls;

use crate::harness::program;
use cenacle::store::Location;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

/// The program, which knows nothing of how this machine is set up.
fn program(words: &[&str], variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cenacle"));
    for (name, _) in std::env::vars_os() {
        if name == "RUST_LOG" || name.to_string_lossy().starts_with("CENACLE_") {
            command.env_remove(name);
        }
    }
    command.args(words).envs(variables.iter().copied());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

/// What it says where it cannot start.
fn refused(words: &[&str], variables: &[(&str, &str)]) -> String {
    let Output { status, stderr, .. } = program(words, variables).output().expect("the program runs");
    let said = String::from_utf8(stderr).expect("UTF-8");
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(!said.contains("panicked"), "{said}");
    said
}

/// An address on which nobody listens.
fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port")
}

/// A connection, as soon as there is one.
fn connect(address: SocketAddr) -> TcpStream {
    for _ in 0..200 {
        if let Ok(stream) = TcpStream::connect(address) {
            stream.set_read_timeout(Some(Duration::from_secs(30))).expect("set");
            return stream;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("nobody listens on {address}");
}

/// Makes the account `alice` in a folder; its application password.
fn account(folder: &Path) -> String {
    program::account(&Location::File(folder.join("cenacle.sqlite")))
}
