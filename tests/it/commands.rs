//! `cenacle export`, `user`, `openapi`, run as programs: what they refuse, and what they leave behind.

use crate::harness::program::{bad, cenacle, data_with, good, mode, names, program, text};
use std::fs;
use std::io::Read;
use std::os::unix::fs::symlink;
use std::process::Stdio;

#[test]
fn an_export_writes_over_nothing_and_follows_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = data_with("zoe", folder.path());
    let to = folder.path().join("all.jsonl");
    let export =
        |words: &[&str]| cenacle(&[&["export", "--data", text(&data), "--to", text(&to)], words].concat());
    // What lies in the way under the name that the part once had is left alone, whoever made it.
    let victim = folder.path().join("victim");
    fs::write(&victim, "mine").expect("written");
    symlink(&victim, folder.path().join("all.jsonl.part")).expect("a link");
    good(&export(&[]));
    assert_eq!(mode(&to), 0o600, "it holds hashes of passwords");
    assert_eq!(fs::read_to_string(&victim).expect("there"), "mine");
    bad(&export(&[]), "exists already");
    fs::write(&to, "old").expect("written");
    good(&export(&["--force"]));
    assert!(fs::read_to_string(&to).expect("there").starts_with("{\"archive\""));
    // A link stands for what it leads to.
    let link = folder.path().join("link");
    symlink(&to, &link).expect("a link");
    bad(&cenacle(&["export", "--data", text(&data), "--to", text(&link)]), "exists already");
    good(&cenacle(&["export", "--data", text(&data), "--to", text(&link), "--force"]));
    assert!(fs::symlink_metadata(&link).expect("there").is_symlink());
    // Only with a word of its own does the whole database go out.
    bad(&export(&["--user", "zoe", "--collection", "default"]), "cannot be used with");
    assert_eq!(names(folder.path()), ["all.jsonl", "all.jsonl.part", "data", "link", "victim"]);
}

#[test]
fn an_export_into_a_pipe_leaves_it_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = data_with("zoe", folder.path());
    let pipe = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());
    let mut export = program(&["export", "--data", text(&data), "--to", text(&pipe)]);
    let mut child = export.stderr(Stdio::null()).spawn().expect("the program runs");
    let mut told = String::new();
    fs::File::open(&pipe).expect("opens").read_to_string(&mut told).expect("read");
    assert!(child.wait().expect("it ends").success());
    assert!(
        told.starts_with("{\"archive\"")
            && told.lines().last().is_some_and(|line| line.starts_with("{\"end\""))
    );
    assert!(!fs::metadata(&pipe).expect("there").is_file());
}

#[test]
fn a_collection_goes_out_under_any_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = data_with("zoe", folder.path());
    let of = |collection: &str, words: &[&str]| {
        cenacle(
            &[&["export", "--data", text(&data), "--user", "zoe", "--collection", collection], words]
                .concat(),
        )
    };
    assert!(good(&of("default", &["-", "--format", "ics"])).starts_with("BEGIN:VCALENDAR"));
    assert_eq!(good(&of("default", &["-", "--format", "vcf"])), "");
    bad(&of("default", &["-"]), "--format");
    let loud = folder.path().join("LOUD.ICS");
    good(&of("default", &[text(&loud)]));
    bad(&of("default", &[text(&loud)]), "exists already");
    // What is not there leaves nothing behind.
    bad(&of("nothing", &[text(&folder.path().join("b.ics"))]), "has no calendar");
    assert_eq!(names(folder.path()), ["LOUD.ICS", "data"]);
}

#[test]
fn an_interrupted_export_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = data_with("zoe", folder.path());
    fill(&folder.path().join("data"), &data);
    let to = folder.path().join("all.jsonl");
    for signal in ["INT", "TERM"] {
        let mut export = program(&["export", "--data", text(&data), "--to", text(&to)]);
        let child = export.stderr(Stdio::piped()).spawn().expect("the program runs");
        let id = child.id().to_string();
        let part = folder.path().join(format!("all.jsonl.part-{id}"));
        let begun = std::time::Instant::now();
        while !part.exists() {
            assert!(begun.elapsed().as_secs() < 20, "it should have begun");
        }
        assert!(
            std::process::Command::new("kill").args(["-s", signal, &id]).status().expect("kill").success()
        );
        let output = child.wait_with_output().expect("it ends");
        bad(&output, "interrupted: nothing was written");
        assert_eq!(names(folder.path()), ["data"]);
    }
}

/// Enough for an export to take its time.
fn fill(file: &std::path::Path, data: &std::path::Path) {
    let event = |at: usize| {
        format!(
            "BEGIN:VEVENT\r\nUID:{at}\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:20260101T090000Z\r\nSUMMARY:{}\r\nEND:VEVENT\r\n",
            "x".repeat(2_000)
        )
    };
    let events: String = (0..4_000).map(event).collect();
    let source = file.with_file_name("source.ics");
    fs::write(&source, format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n{events}END:VCALENDAR\r\n"))
        .expect("written");
    good(&cenacle(&[
        "import",
        "--data",
        text(data),
        "--user",
        "zoe",
        "--collection",
        "default",
        text(&source),
    ]));
    fs::remove_file(source).expect("gone");
}

#[test]
fn only_what_begins_something_makes_a_database() {
    let folder = tempfile::tempdir().expect("a folder");
    let typo = folder.path().join("typo");
    let source = folder.path().join("a.ics");
    fs::write(&source, "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n").expect("written");
    for words in [
        vec!["export", "--to", "-"],
        vec!["user", "suspend", "zoe"],
        vec!["user", "app-passwords", "zoe"],
        vec!["group", "list"],
        vec!["keys", "list"],
        vec!["import", "--user", "zoe", "--collection", "default", text(&source)],
    ] {
        bad(&cenacle(&[&words[..], &["--data", text(&typo)]].concat()), "there is no database");
        assert!(!typo.exists(), "{words:?}");
    }
    good(&cenacle(&["migrate", "--data", text(&typo)]));
    // One that nobody was ever in is no archive of anything.
    bad(&cenacle(&["export", "--to", "-", "--data", text(&typo)]), "no account");
}

#[test]
fn accounts_are_named_where_they_are_not_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = data_with("zoe", folder.path());
    let user = |words: &[&str]| cenacle(&[&["user"], words, &["--data", text(&data)]].concat());
    for words in [
        vec!["app-passwords", "nobody"],
        vec!["app-password", "nobody", "--name", "x"],
        vec!["token", "nobody"],
    ] {
        bad(&user(&words), "there is no account 'nobody'");
    }
    bad(&user(&["remove-app-password", "zoe", "77"]), "no application password 77");
    for words in [
        vec!["token", "zoe", "--hours", "0"],
        vec!["token", "zoe", "--hours", "18446744073709551615"],
        vec!["app-password", "zoe", "--name", "x", "--days", "0"],
        vec!["app-password", "zoe", "--name", ""],
    ] {
        bad(&user(&words), "value");
    }
    for to in ["nobody", "zoe"] {
        assert!(!user(&["hand-over", "zoe", "--to", to]).status.success(), "{to}");
    }
    good(&user(&["suspend", "zoe"]));
    let output = user(&["token", "zoe"]);
    good(&output);
    assert!(String::from_utf8_lossy(&output.stderr).contains("is suspended"));
}

#[test]
fn a_zone_that_nobody_knows_makes_no_account() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let mut add =
        program(&["user", "add", "zoe", "--time-zone", "Mars/X", "--password-stdin", "--data", text(&data)]);
    let mut child = add.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program runs");
    std::io::Write::write_all(&mut child.stdin.take().expect("a pipe"), b"secret").expect("written");
    bad(&child.wait_with_output().expect("it ends"), "not the name of an IANA time zone");
}

#[test]
fn the_description_goes_to_who_reads_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = program(&["openapi"]).current_dir(folder.path()).output().expect("the program runs");
    assert!(good(&output).starts_with('{'));
    assert!(names(folder.path()).is_empty());
    // Who reads a line of it and goes away is no reason to panic.
    let mut child = program(&["openapi"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned()),
        (Some(1), String::new())
    );
}

#[test]
fn an_archive_is_not_taken_for_a_file_of_items() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = data_with("zoe", folder.path());
    let archive = folder.path().join("archive");
    good(&cenacle(&["export", "--data", text(&data), "--to", text(&archive)]));
    let into = ["import", "--data", text(&data), "--user", "zoe", "--collection", "default"];
    bad(&cenacle(&[&into[..], &[text(&archive)]].concat()), "import it without --user");
}
