//! A remote calendar: a small HTTP server whose answer the test decides, and which keeps what it was asked.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What is answered, and what was asked.
#[derive(Debug, Default)]
struct Said {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    asked: Vec<Vec<String>>,
}

/// A remote calendar.
pub struct Remote {
    port: u16,
    said: Arc<Mutex<Said>>,
}

impl Remote {
    /// One that has this file.
    pub fn start(body: &str) -> Remote {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let said = Arc::new(Mutex::new(Said::default()));
        let remote = Remote { port, said: Arc::clone(&said) };
        remote.has(body);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(stream) = stream else { return };
                // A client that hangs up is none of this side's troubles.
                let _ = answer(stream, &said);
            }
        });
        remote
    }

    pub fn url(&self) -> String {
        format!("http://localhost:{}/feed.ics", self.port)
    }

    /// What is answered from now on.
    pub fn answers(&self, status: u16, headers: &[(&str, &str)], body: &str) {
        let mut said = self.said.lock().expect("a lock");
        said.status = status;
        said.headers = headers.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        said.body = body.as_bytes().to_vec();
    }

    /// This file from now on.
    pub fn has(&self, body: &str) {
        self.answers(200, &[("Content-Type", "text/calendar")], body);
    }

    /// The lines of each request so far.
    pub fn asked(&self) -> Vec<Vec<String>> {
        self.said.lock().expect("a lock").asked.clone()
    }
}

fn answer(mut stream: TcpStream, said: &Mutex<Said>) -> std::io::Result<()> {
    let mut lines = Vec::new();
    for line in BufReader::new(stream.try_clone()?).lines() {
        let line = line?;
        if line.is_empty() {
            break;
        }
        lines.push(line);
    }
    let mut said = said.lock().expect("a lock");
    said.asked.push(lines);
    let mut head = format!("HTTP/1.1 {} X\r\nContent-Length: {}\r\n", said.status, said.body.len());
    for (name, value) in &said.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes())?;
    stream.write_all(&said.body)
}
