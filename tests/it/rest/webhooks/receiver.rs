//! A receiver of webhooks: a small HTTP server that keeps what came, and answers as the test decides.

use super::SOON;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

/// A message that came.
#[derive(Debug, Clone)]
pub struct Came {
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Came {
    #[track_caller]
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        &found.unwrap_or_else(|| panic!("no {name}: {:?}", self.headers)).1
    }

    /// The message's id.
    pub fn id(&self) -> &str {
        self.header("Webhook-Id")
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    /// Whether one of its signatures is made with this secret.
    pub fn is_signed_with(&self, secret: &str) -> bool {
        let timestamp = self.header("Webhook-Timestamp").parse().expect("seconds");
        let wanted =
            cenacle::domain::webhook::signature(secret, self.id(), timestamp, &self.body).expect("a secret");
        self.header("Webhook-Signature").split(' ').any(|one| one == wanted)
    }
}

/// A receiver; each connection is answered on a thread of its own.
pub struct Receiver {
    port: u16,
    came: mpsc::Receiver<Came>,
    status: Arc<Mutex<u16>>,
}

impl Receiver {
    /// Answers 204 at once.
    pub fn start() -> Receiver {
        Receiver::slow(Duration::ZERO)
    }

    /// Answers after a while.
    pub fn slow(pause: Duration) -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (send, came) = mpsc::channel();
        let status = Arc::new(Mutex::new(204));
        let answers = Arc::clone(&status);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (Ok(stream), send, answers) = (stream, send.clone(), Arc::clone(&answers)) else {
                    return;
                };
                std::thread::spawn(move || answer(stream, pause, &send, &answers));
            }
        });
        Receiver { port, came, status }
    }

    pub fn url(&self) -> String {
        format!("http://localhost:{}/hook", self.port)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// What is answered from now on.
    pub fn answer(&self, status: u16) {
        *self.status.lock().expect("a status") = status;
    }

    /// The next message.
    #[track_caller]
    pub fn next(&self) -> Came {
        self.came.recv_timeout(SOON).expect("a message")
    }

    /// All that comes until nothing came for so long.
    pub fn all(&self, quiet: Duration) -> Vec<Came> {
        std::iter::from_fn(|| self.came.recv_timeout(quiet).ok()).collect()
    }

    /// Expects that nothing comes for so long.
    #[track_caller]
    pub fn nothing(&self, quiet: Duration) {
        if let Ok(came) = self.came.recv_timeout(quiet) {
            panic!("came: {}", String::from_utf8_lossy(&came.body));
        }
    }
}

fn answer(stream: TcpStream, pause: Duration, send: &mpsc::Sender<Came>, status: &Mutex<u16>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut headers = Vec::new();
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    assert!(line.starts_with("POST /hook HTTP/1.1"), "{line}");
    loop {
        line.clear();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.push((name.to_owned(), value.to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "Content-Length")?.1.parse().ok()?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let answered = *status.lock().expect("a status");
    // A test that has ended listens no more.
    drop(send.send(Came { headers, body }));
    std::thread::sleep(pause);
    let answer = format!("HTTP/1.1 {answered} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    reader.get_mut().write_all(answer.as_bytes()).ok()
}
