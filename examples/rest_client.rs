//! The REST API from Rust, over a plain socket: a task is made, done, looked at in other forms and removed again.
//!
//! `cargo run --example rest_client -- http://127.0.0.1:8008 LOGIN PASSWORD`
//!
//! A real program takes an HTTP library and TLS; here nothing stands between the reader and what goes over the wire.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// One login at one server.
struct Api {
    host: String,
    login: String,
}

impl Api {
    /// One request, with these further headers; the answer's body as text. A refusal is an error that says why.
    fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Outcome<String> {
        // In version 1.0 an answer comes in one piece and ends with the connection.
        let mut request = format!("{method} /api/v1{path} HTTP/1.0\r\nHost: {}\r\n", self.host);
        request += &format!("Authorization: Basic {}\r\nContent-Length: {}\r\n", self.login, body.len());
        for (name, value) in headers {
            request += &format!("{name}: {value}\r\n");
        }
        let mut stream = TcpStream::connect(&self.host)?;
        stream.write_all(format!("{request}\r\n{body}").as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (head, body) = answer.split_once("\r\n\r\n").ok_or("no answer")?;
        match head.split(' ').nth(1) {
            Some(status) if status.starts_with('2') => Ok(body.to_owned()),
            _ => Err(format!("{method} {path}: {body}").into()),
        }
    }

    /// Sends JSON of this media type; the answer as JSON.
    fn send(&self, method: &str, path: &str, media: &str, body: &Value) -> Outcome<Value> {
        Ok(serde_json::from_str(&self.ask(method, path, &[("Content-Type", media)], &body.to_string())?)?)
    }

    fn get(&self, path: &str) -> Outcome<Value> {
        Ok(serde_json::from_str(&self.ask("GET", path, &[], "")?)?)
    }
}

/// A member that must be a text.
fn text(value: &Value, member: &str) -> Outcome<String> {
    value[member].as_str().map(str::to_owned).ok_or_else(|| format!("no {member} in {value}").into())
}

fn main() -> Outcome<()> {
    let mut given = std::env::args().skip(1);
    let (Some(server), Some(login), Some(password)) = (given.next(), given.next(), given.next()) else {
        return Err("rest_client http://HOST:PORT LOGIN PASSWORD".into());
    };
    let host = server.strip_prefix("http://").ok_or("only http:// here")?.trim_end_matches('/').to_owned();
    let api = Api { host, login: STANDARD.encode(format!("{login}:{password}")) };

    let lists = api.get("/calendars?fields=id,name,components")?;
    let lists = lists["items"].as_array().ok_or("no items")?;
    let takes_tasks =
        |list: &&Value| list["components"].as_array().is_some_and(|all| all.contains(&json!("VTODO")));
    let list = lists.iter().find(takes_tasks).ok_or("no list for tasks")?;
    println!("list {}", list["name"]);
    let tasks = format!("/calendars/{}/tasks", text(list, "id")?);

    let new = json!({ "@type": "Task", "title": "Rapport", "due": "2026-03-06T18:00:00", "timeZone": "Europe/Paris" });
    let made = api.send("POST", &tasks, "application/json", &new)?;
    let task = format!("{tasks}/{}", text(&made, "id")?);
    println!("made, entity tag {}", text(&made, "etag")?);

    // Only what is named changes.
    let done = json!({ "progress": "completed", "percentComplete": 100 });
    api.send("PATCH", &task, "application/merge-patch+json", &done)?;
    println!("{}", api.ask("GET", &task, &[("Accept", "text/calendar")], "")?);
    let read = api.ask("GET", &task, &[("Accept", "application/jscalendar+json")], "")?;
    println!("progress {}", text(&serde_json::from_str(&read)?, "progress")?);

    let due =
        api.get(&format!("{tasks}?from=2026-03-06T00:00:00Z&to=2026-03-07T00:00:00Z&q=rapport&fields=id"))?;
    println!("due on that day: {}", due["items"].as_array().map_or(0, Vec::len));

    // What somebody else has changed meanwhile is not removed.
    if let Err(refused) = api.ask("DELETE", &task, &[("If-Match", &text(&made, "etag")?)], "") {
        println!("refused: {refused}");
    }
    api.ask("DELETE", &task, &[], "")?;
    println!("removed");
    Ok(())
}
