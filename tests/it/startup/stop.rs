//! A running server: what probes see, what strangers can write into its log, and that those who wait for changes end with it.

use super::{account, connect, free, program};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The program itself, with the account `alice`.
struct Running {
    process: Child,
    address: SocketAddr,
    login: String,
    _folder: TempDir,
}

impl Running {
    fn start() -> Running {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let login = STANDARD.encode(format!("alice:{}", account(folder.path())));
        let address = free();
        let words =
            ["serve", "--data", folder.path().to_str().expect("UTF-8"), "--listen", &address.to_string()];
        let process = program(&words, &[("CENACLE_WORKERS", "2")]).spawn().expect("the server starts");
        drop(connect(address));
        Running { process, address, login, _folder: folder }
    }

    fn ask(&self, method: &str, path: &str, headers: &str) -> BufReader<TcpStream> {
        let mut stream = connect(self.address);
        let login = &self.login;
        let head =
            format!("{method} {path} HTTP/1.1\r\nHost: a\r\nAuthorization: Basic {login}\r\n{headers}\r\n");
        stream.write_all(head.as_bytes()).expect("sent");
        BufReader::new(stream)
    }

    /// Says SIGTERM; how long the end took, and all that was logged.
    fn stop(&mut self) -> (Duration, String) {
        let begun = Instant::now();
        let told = Command::new("kill").args(["-TERM", &self.process.id().to_string()]).status();
        assert!(told.expect("kill runs").success());
        self.process.wait().expect("it ends");
        let mut logged = String::new();
        let stderr = self.process.stderr.as_mut().expect("a pipe");
        stderr.read_to_string(&mut logged).expect("UTF-8");
        (begun.elapsed(), logged)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Fails only where it has ended already.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// The head of an answer.
fn head(answer: &mut BufReader<TcpStream>) -> String {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert!(answer.read_line(&mut head).expect("a line") > 0, "{head}");
    }
    head
}

#[test]
fn who_waits_for_changes_ends_with_the_server() {
    let mut running = Running::start();
    let mut stream = running.ask("GET", "/api/v1/changes", "Accept: text/event-stream\r\n");
    assert!(head(&mut stream).starts_with("HTTP/1.1 200"));
    let mut line = String::new();
    while !line.starts_with("id: ") {
        line.clear();
        assert!(stream.read_line(&mut line).expect("a line") > 0, "the stream ended");
    }
    let token = line.trim_start_matches("id: ").trim().to_owned();
    let mut poll = running.ask("GET", &format!("/api/v1/changes?wait=60&since={token}"), "");
    // An idle connection that is kept alive holds nobody up either.
    let mut idle = running.ask("GET", "/healthz", "");
    assert!(head(&mut idle).starts_with("HTTP/1.1 200"));
    std::thread::sleep(Duration::from_millis(500));
    let (took, logged) = running.stop();
    assert!(took < Duration::from_secs(8), "{took:?}: {logged}");
    // Both were answered to their end, and not broken off.
    let mut rest = String::new();
    stream.read_to_string(&mut rest).expect("text");
    assert!(rest.ends_with("0\r\n\r\n"), "{rest}");
    assert!(head(&mut poll).starts_with("HTTP/1.1 200"));
    let mut body = String::new();
    poll.read_to_string(&mut body).expect("text");
    assert!(body.contains(&token), "{body}");
}

#[test]
fn what_is_no_http_is_no_error_of_the_server() {
    let mut running = Running::start();
    for sent in [
        "nonsense\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "\u{16}\u{3}\u{1}\u{2}",
        "GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
    ] {
        let mut stream = connect(running.address);
        stream.write_all(sent.as_bytes()).expect("sent");
        stream.shutdown(std::net::Shutdown::Write).expect("shut");
        // Some are answered with 400, some are cut off.
        let _ = stream.read_to_end(&mut Vec::new());
    }
    let mut asked = running.ask("GET", "/dav/", "");
    head(&mut asked);
    let (_, logged) = running.stop();
    assert!(logged.contains("path=/dav/"), "{logged}");
    assert!(!logged.contains("ERROR"), "{logged}");
}

#[test]
fn probes_may_ask_by_head() {
    let running = Running::start();
    for path in ["/healthz", "/readyz", "/metrics"] {
        let mut stream = connect(running.address);
        let both = format!(
            "HEAD {path} HTTP/1.1\r\nHost: a\r\n\r\nGET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(both.as_bytes()).expect("sent");
        let mut stream = BufReader::new(stream);
        // Were there a body, the second head would not follow at once.
        for method in ["HEAD", "GET"] {
            let head = head(&mut stream);
            assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{method} {path}: {head}");
        }
    }
}
