//! The arrows between the rooms of `src/` point one way (`docs/architecture.md`), and diesel stays in `store/`.

use std::fs;
use std::path::{Path, PathBuf};

/// Rooms from the bottom up; each may use those above it in this list, and itself. Protocols, which stand in one line, never
/// see each other. What is not named here is not known, and fails.
const ROOMS: [&[&str]; 8] = [
    &["text"],
    &["domain"],
    &["store"],
    &["services"],
    &["http", "outbound"],
    &["rest", "dav", "ldap", "eas", "mail", "directory", "print", "provision", "tzdist"],
    &["config"],
    &["server", "cli"],
];

/// Protocols may use only this far down: storage is not theirs.
const SERVICES: usize = 3;

fn level(room: &str) -> Option<usize> {
    ROOMS.iter().position(|rooms| rooms.contains(&room))
}

/// Whether `from` may use `to`.
fn may_use(from: &str, to: &str) -> bool {
    let (Some(above), Some(below)) = (level(from), level(to)) else { return false };
    match (from, to) {
        _ if from == to => true,
        // The configuration says where the data are, and the command line opens them.
        ("config" | "cli", "store") => true,
        ("server", "cli") => false,
        ("cli", "server") => true,
        (_, "store") if above > SERVICES => false,
        _ => below < above,
    }
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The rooms that a line names by `crate::room` or `crate::{room, …}`.
fn named(code: &str) -> Vec<String> {
    let mut rooms = Vec::new();
    for rest in code.split("crate::").skip(1) {
        let word = |text: &str| -> String {
            text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
        };
        match rest.strip_prefix('{') {
            None => rooms.push(word(rest)),
            Some(list) => {
                rooms.extend(list.split(',').map(|one| word(one.trim())).filter(|one| !one.is_empty()))
            }
        }
    }
    rooms
}

/// Everything that breaks the rule in one file of `room`.
fn faults(room: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let code = line.split("//").next().unwrap_or_default();
        let wrong = named(code)
            .into_iter()
            .filter(|to| !may_use(room, to))
            .map(|to| format!("{}: {room} uses {to}", number + 1));
        found.extend(wrong);
        if room != "store" && code.contains("diesel") {
            found.push(format!("{}: {room} names diesel", number + 1));
        }
    }
    found
}

#[test]
fn arrows_point_one_way() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    assert!(files.len() > 50, "the sources are found");
    let mut wrong = Vec::new();
    for file in files {
        let inside = file.strip_prefix(&root).expect("below src");
        let first = inside.iter().next().and_then(|name| name.to_str()).unwrap_or_default();
        let room = first.trim_end_matches(".rs");
        if matches!(room, "lib" | "main") {
            continue;
        }
        let text = fs::read_to_string(&file).expect("a source");
        wrong.extend(faults(room, &text).into_iter().map(|fault| format!("{}:{fault}", inside.display())));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What protocols may only have as it is shown to somebody (`services/projection.rs`).
const SHOWN: [&str; 3] = ["Object", "Entry", "Listed"];

/// Places where a protocol names an item that nobody has shown to it.
fn unshown(text: &str) -> Vec<String> {
    let imports = text.lines().filter(|line| line.contains("domain::object::"));
    let imported: Vec<&str> = SHOWN
        .into_iter()
        .filter(|name| imports.clone().any(|line| words(line).any(|word| word == *name)))
        .collect();
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let code = line.split("//").next().unwrap_or_default();
        if code.contains("domain::object::") && words(code).any(|word| word == "Object") {
            found.push(format!("{}: {code}", number + 1));
        }
        if code.trim_start().starts_with("use ") {
            continue;
        }
        let bare = code.replace("Shown<Entry>", "").replace("Shown<Listed>", "");
        if words(&bare).any(|word| imported.contains(&word)) {
            found.push(format!("{}: {code}", number + 1));
        }
    }
    found
}

fn words(code: &str) -> impl Iterator<Item = &str> {
    code.split(|c: char| !c.is_alphanumeric() && c != '_')
}

#[test]
fn protocols_tell_items_as_they_are_shown() {
    let mut count = 0;
    for room in ["dav", "rest"] {
        let mut files = Vec::new();
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(room), &mut files);
        for file in files {
            let text = fs::read_to_string(&file).expect("a source");
            count += usize::from(text.contains("Shown"));
            assert_eq!(unshown(&text), Vec::<String>::new(), "{}", file.display());
        }
    }
    assert!(count >= 8, "{count}");
    for wrong in [
        "use crate::domain::object::Object;",
        "use crate::domain::object::{ItemKind, Listed};\nfn tell(items: &[Listed]) {}",
        "fn f(one: &crate::domain::object::Object) {}",
    ] {
        assert!(!unshown(wrong).is_empty(), "{wrong}");
    }
}

#[test]
fn wrong_arrows_are_seen() {
    for (room, line) in [
        ("text", "use crate::domain::acl;"),
        ("domain", "    crate::store::now();"),
        ("store", "use crate::services::Core;"),
        ("dav", "use crate::store::Store;"),
        ("dav", "use crate::rest::page;"),
        ("http", "use crate::dav::href;"),
        ("outbound", "use crate::rest::page;"),
        ("services", "use crate::outbound::post;"),
        ("services", "use crate::http::body;"),
        ("rest", "use crate::{domain, server};"),
        ("services", "use diesel::prelude::*;"),
        ("services", "use crate::nowhere;"),
        ("server", "use crate::cli::Failed;"),
    ] {
        assert_eq!(faults(room, line).len(), 1, "{room}: {line}");
    }
    for (room, line) in [
        ("dav", "use crate::services::{Actor, Core};"),
        ("services", "use crate::store::Store; // not crate::dav::x"),
        ("cli", "use crate::server::listen;"),
        ("rest", "use crate::http::body;"),
        ("store", "use diesel::prelude::*;"),
        ("domain", "use crate::text::recur;"),
    ] {
        assert!(faults(room, line).is_empty(), "{room}: {line}");
    }
}
