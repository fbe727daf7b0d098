//! `cenacle backup` and `cenacle restore`, run as programs: beside a running server, over an old database, interrupted.

use crate::harness::program::{bad, cenacle, data_with, good, mode, names, program, text};
use crate::harness::{Client, Db, TestServer, samples};
use cenacle::domain::collection::HomeKind;
use cenacle::services::access::Place;
use cenacle::services::{Core, Limits};
use cenacle::store::{Location, Store};
use std::collections::BTreeMap;
use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(60);

/// The program as a server on a folder of its own; killed, not stopped, when it goes away.
struct Served {
    child: Child,
    address: SocketAddr,
}

impl Served {
    fn start(data: &Path) -> Served {
        let address = TcpListener::bind(("127.0.0.1", 0)).and_then(|port| port.local_addr()).expect("a port");
        let child = program(&["serve", "--data", text(data), "--listen", &address.to_string()])
            .stderr(Stdio::null())
            .spawn()
            .expect("the program runs");
        let begun = Instant::now();
        while TcpStream::connect(address).is_err() {
            assert!(begun.elapsed() < PATIENCE, "the server does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        Served { child, address }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended by itself, which no test asks for.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Names and bytes of the default calendar in a database file.
fn items(file: &Path, login: &str) -> BTreeMap<String, String> {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let core = Core::new(Store::open(&Location::File(file.to_owned())).expect("opens"), Limits::default());
    runtime.block_on(async {
        let actor = core.on_behalf(login, "test").await.expect("the account");
        let place = Place {
            owner: actor.handle.clone(),
            home: HomeKind::Calendars,
            slug: "default".to_owned(),
            id: None,
        };
        let access = core.collection(&actor, &place).await.expect("the calendar");
        let (items, next) = core.whole_items(&access, 0, 1_000_000).await.expect("items");
        assert_eq!(next, None, "all of them in one page");
        items.into_iter().map(|item| (item.name.to_string(), item.body.clone())).collect()
    })
}

fn token_of(client: &Client) -> String {
    client
        .report(
            "/dav/calendars/zoe/default/",
            "D:sync-collection",
            "<D:sync-token/><D:sync-level>1</D:sync-level><D:prop/>",
        )
        .instead("Depth", "0")
        .multistatus()
        .token()
}

#[track_caller]
fn refuses(client: &Client, token: &str) {
    let asked = format!("<D:sync-token>{token}</D:sync-token><D:sync-level>1</D:sync-level><D:prop/>");
    client
        .report("/dav/calendars/zoe/default/", "D:sync-collection", &asked)
        .instead("Depth", "0")
        .refused(403, "D:valid-sync-token");
}

#[test]
fn a_backup_beside_a_busy_server_is_one_commit_and_complete() {
    let server = TestServer::start(Db::Sqlite);
    let zoe = server.user("zoe");
    let Location::File(database) = server.location().clone() else { panic!("a file") };
    for at in 0..50 {
        zoe.put(&zoe.calendar(&format!("default/before{at}.ics")), samples::meeting(&format!("before{at}")))
            .created();
    }
    let folder = tempfile::tempdir().expect("a folder");
    let backup = folder.path().join("copy.sqlite");
    let stop = AtomicBool::new(false);
    let written = std::thread::scope(|scope| {
        let (busy, stop) = (zoe.another(), &stop);
        let writer = scope.spawn(move || {
            let mut at = 0;
            while !stop.load(Ordering::Relaxed) {
                let path = format!("/dav/calendars/zoe/default/during{at}.ics");
                busy.put(&path, samples::meeting(&format!("during{at}"))).created();
                at += 1;
            }
            at
        });
        let url = format!("sqlite:{}", text(&database));
        let done = cenacle(&["backup", text(&backup), "--database-url", &url]);
        // Before anything can fail here: the scope waits for its threads.
        stop.store(true, Ordering::Relaxed);
        let written = writer.join().expect("all were answered");
        assert!(good(&done).contains("complete backup"));
        written
    });
    assert!(written > 0);
    assert_eq!(names(folder.path()), ["copy.sqlite"], "nothing is left beside it");
    assert_eq!(mode(&backup), 0o600);
    let copied = items(&backup, "zoe");
    for at in 0..50 {
        assert_eq!(copied[&format!("before{at}.ics")], samples::meeting(&format!("before{at}")));
    }
    // One commit of a single writer: what it wrote is there up to some moment, and nothing after it.
    let during = copied.len() - 50;
    assert!((0..during).all(|at| copied.contains_key(&format!("during{at}.ics"))), "{during} of {written}");
    // The server was not disturbed.
    assert_eq!(items(&database, "zoe").len(), 50 + written);
}

#[test]
fn a_backup_writes_over_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = data_with("zoe", folder.path());
    let taken = folder.path().join("taken");
    fs::write(&taken, "something").expect("written");
    bad(&cenacle(&["backup", text(&taken), "--data", text(&data)]), "exists already");
    assert_eq!(fs::read_to_string(&taken).expect("there"), "something");
    let nowhere = folder.path().join("no/such/folder/file");
    bad(&cenacle(&["backup", text(&nowhere), "--data", text(&data)]), "No such file");
    let empty = folder.path().join("empty");
    let target = folder.path().join("copy");
    bad(&cenacle(&["backup", text(&target), "--data", text(&empty)]), "there is no database");
    assert!(!target.exists() && !empty.exists(), "asking for a backup makes no database");
    // Into a folder under a name after the time.
    let kept = folder.path().join("kept");
    fs::create_dir(&kept).expect("a folder");
    good(&cenacle(&["backup", text(&kept), "--data", text(&data)]));
    assert!(
        matches!(names(&kept).as_slice(), [one] if one.starts_with("cenacle-") && one.ends_with("Z.sqlite"))
    );
}

#[test]
fn an_interrupted_backup_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = data_with("zoe", folder.path());
    let filler = "CREATE TABLE filler AS WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i+1 FROM n WHERE i < 3000) \
        SELECT i, randomblob(65536) AS stuff FROM n";
    let mut conn =
        <diesel::SqliteConnection as diesel::Connection>::establish(text(&data.join("cenacle.sqlite")))
            .expect("opens");
    diesel::connection::SimpleConnection::batch_execute(&mut conn, filler).expect("filled");
    for (signal, is_clean) in [("-INT", true), ("-TERM", true), ("-KILL", false)] {
        let target = folder.path().join(format!("to{signal}"));
        fs::create_dir(&target).expect("a folder");
        let file = target.join("copy.sqlite");
        let mut child =
            program(&["backup", text(&file), "--data", text(&data)]).spawn().expect("the program runs");
        let begun = Instant::now();
        while names(&target).is_empty() {
            assert!(begun.elapsed() < PATIENCE);
            std::thread::sleep(Duration::from_millis(1));
        }
        let sent = Command::new("kill").arg(signal).arg(child.id().to_string()).status().expect("kill runs");
        assert!(sent.success());
        assert!(!child.wait().expect("it ends").success(), "{signal}");
        assert!(!file.exists(), "{signal}: what is not complete has no name");
        assert_eq!(names(&target).is_empty(), is_clean, "{signal}: {:?}", names(&target));
    }
}

#[test]
fn a_restored_database_is_the_backup_and_a_new_epoch() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = data_with("zoe", folder.path());
    let database = data.join("cenacle.sqlite");
    let backup = folder.path().join("copy.sqlite");
    let path = |name: &str| format!("/dav/calendars/zoe/default/{name}");
    let served = Served::start(&data);
    for file in ["cenacle.sqlite", "cenacle.sqlite-wal", "cenacle.sqlite-shm"] {
        assert_eq!(mode(&data.join(file)), 0o600, "{file}");
    }
    assert_eq!(mode(&data), 0o700);
    let zoe = Client::new(served.address, "zoe", "zoe");
    zoe.put(&path("a.ics"), samples::meeting("a")).created();
    let early = token_of(&zoe);
    good(&cenacle(&["backup", text(&backup), "--data", text(&data)]));
    zoe.put(&path("b.ics"), samples::meeting("b")).created();
    let late = token_of(&zoe);

    let restore = ["restore", text(&backup), "--data", text(&data), "--force"];
    bad(&cenacle(&restore), "stop it first");
    // Killed: what it wrote last stands in the log beside the database only.
    drop(served);
    bad(&cenacle(&restore[..4]), "--force");
    assert_eq!(items(&database, "zoe").len(), 2);
    let told = good(&cenacle(&restore));
    let kept = told.split("is kept as ").nth(1).and_then(|rest| rest.split(".\n").next()).expect("its name");
    assert_eq!(mode(&database), 0o600);
    assert_eq!(items(Path::new(kept), "zoe").len(), 2, "the old one is complete");
    assert!(names(&data).iter().all(|name| !name.contains("part")), "{:?}", names(&data));

    let served = Served::start(&data);
    let zoe = Client::new(served.address, "zoe", "zoe");
    assert_eq!(zoe.get(&path("a.ics")).ok().text(), samples::meeting("a"));
    zoe.get(&path("b.ics")).status(404);
    refuses(&zoe, &early);
    refuses(&zoe, &late);
    assert_ne!(token_of(&zoe), early);
}

#[test]
fn a_backup_is_put_into_an_empty_folder_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = data_with("zoe", folder.path());
    let backup = folder.path().join("copy.sqlite");
    good(&cenacle(&["backup", text(&backup), "--data", text(&data)]));
    let other = folder.path().join("other/data");
    good(&cenacle(&["restore", text(&backup), "--data", text(&other)]));
    assert_eq!(names(&other), ["cenacle.sqlite"]);
    assert_eq!((mode(&other), mode(&other.join("cenacle.sqlite"))), (0o700, 0o600));
    assert!(items(&other.join("cenacle.sqlite"), "zoe").is_empty());
    // A log without its database would be read into the backup.
    let third = folder.path().join("third");
    fs::create_dir(&third).expect("a folder");
    fs::write(third.join("cenacle.sqlite-wal"), "x").expect("written");
    bad(&cenacle(&["restore", text(&backup), "--data", text(&third)]), "--force");
    good(&cenacle(&["restore", text(&backup), "--data", text(&third), "--force"]));
    assert!(!third.join("cenacle.sqlite-wal").exists());
}

#[test]
fn what_is_no_good_backup_changes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = data_with("zoe", folder.path());
    let backup = folder.path().join("copy.sqlite");
    good(&cenacle(&["backup", text(&backup), "--data", text(&data)]));
    let whole = fs::read(&backup).expect("there");
    let before = fs::read(data.join("cenacle.sqlite")).expect("there");
    let spoilt = folder.path().join("spoilt");
    let refused = |bytes: &[u8], says: &str| {
        fs::write(&spoilt, bytes).expect("written");
        bad(&cenacle(&["restore", text(&spoilt), "--data", text(&data), "--force"]), says);
        assert_eq!(fs::read(data.join("cenacle.sqlite")).expect("there"), before);
        assert!(
            names(&data).iter().all(|name| !name.contains("part") && !name.contains("replaced")),
            "{:?}",
            names(&data)
        );
    };
    refused(b"", "not a copy of a database");
    refused(b"{\"archive\":{\"format\":1}}\n", "cenacle import");
    refused(&whole[..whole.len() / 2], "");
    let mut scratched = whole.clone();
    for byte in &mut scratched[4096 * 2..4096 * 8] {
        *byte ^= 0x5a;
    }
    refused(&scratched, "");
    // A database, but of another program.
    let foreign = folder.path().join("foreign");
    let mut conn =
        <diesel::SqliteConnection as diesel::Connection>::establish(text(&foreign)).expect("opens");
    diesel::connection::SimpleConnection::batch_execute(
        &mut conn,
        "CREATE TABLE t (a); INSERT INTO t VALUES (1)",
    )
    .expect("made");
    drop(conn);
    refused(&fs::read(&foreign).expect("there"), "not a database of Cenacle");
    let own = data.join("cenacle.sqlite");
    bad(&cenacle(&["restore", text(&own), "--data", text(&data), "--force"]), "the database itself");
    bad(&cenacle(&["restore", "/no/such/file", "--data", text(&data)]), "/no/such/file");
    assert!(whole.len() > 4096 * 8);
}

/// The commands that are printed for PostgreSQL do what they say.
#[test]
fn postgres_is_told_its_own_commands() {
    if !Db::Postgres.is_here() {
        return;
    }
    let server = TestServer::start(Db::Postgres);
    let Location::Server(url) = server.location().clone() else { panic!("a server") };
    let zoe = server.user("zoe");
    zoe.put(&zoe.calendar("default/a.ics"), samples::meeting("a")).created();
    let early = token_of(&zoe);
    let folder = tempfile::tempdir().expect("a folder");
    let dump = folder.path().join("it's a dump");
    let backup = cenacle(&["backup", text(&dump), "--database-url", &url]);
    bad(&backup, "pg_dump");
    run_printed(&backup);
    zoe.put(&zoe.calendar("default/b.ics"), samples::meeting("b")).created();
    let late = token_of(&zoe);
    let restore = cenacle(&["restore", text(&dump), "--database-url", &url]);
    bad(&restore, "pg_restore");
    run_printed(&restore);
    let server = server.restart();
    let zoe = server.client_with_scope("zoe", "");
    assert_eq!(zoe.get("/dav/calendars/zoe/default/a.ics").ok().text(), samples::meeting("a"));
    zoe.get("/dav/calendars/zoe/default/b.ics").status(404);
    refuses(&zoe, &early);
    refuses(&zoe, &late);
}

/// Runs the indented lines of what was told, with the programs of the newest server and this one in reach.
#[track_caller]
fn run_printed(told: &Output) {
    let told = String::from_utf8_lossy(&told.stderr).into_owned();
    let script: Vec<&str> = told.lines().filter(|line| line.starts_with("  ")).collect();
    assert!(!script.is_empty(), "{told}");
    let own = Path::new(env!("CARGO_BIN_EXE_cenacle")).parent().expect("a folder");
    let mut programs: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .expect("a server is installed")
        .map(|entry| entry.expect("an entry").path().join("bin"))
        .collect();
    programs.sort();
    let newest = programs.pop().expect("a server is installed");
    let path = format!("{}:{}:/usr/bin:/bin", own.display(), newest.display());
    let done = Command::new("sh")
        .args(["-e", "-c", &script.join("\n")])
        .env("PATH", path)
        .output()
        .expect("a shell");
    good(&done);
}

#[test]
fn an_archive_that_was_read_in_part_is_opened_no_more() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = data_with("zoe", folder.path());
    let archive = folder.path().join("all.jsonl");
    good(&cenacle(&["export", "--to", text(&archive), "--data", text(&data)]));
    let whole = fs::read_to_string(&archive).expect("there");
    // So many addresses that they take more than one transaction.
    let (before, after) = whole.split_at(whole.find("{\"credential\"").expect("a credential"));
    let (_, id) = before.split_once("{\"principal\":{\"id\":").expect("a principal");
    let (id, _) = id.split_once(',').expect("more columns");
    let row = |at: usize| {
        format!(
            "{{\"address\":{{\"mail\":\"zoe{at}@example.org\",\"principal\":{id},\"is_primary\":false}}}}\n"
        )
    };
    let more: String = (0..1_200).map(row).collect();
    let (long, new) = (folder.path().join("long.jsonl"), folder.path().join("new"));
    fs::write(&long, format!("{before}{more}{after}")).expect("written");
    // Its digest is another, which shows at the end alone.
    let told = cenacle(&["import", text(&long), "--data", text(&new)]);
    bad(&told, "digest");
    bad(&told, "A part of the archive is in the database");
    for command in [
        vec!["migrate"],
        vec!["keys", "list"],
        vec!["import", text(&archive)],
        vec!["serve", "--listen", "127.0.0.1:0"],
    ] {
        let words: Vec<&str> = command.into_iter().chain(["--data", text(&new)]).collect();
        bad(&cenacle(&words), "what is in it is a part");
    }
    // One that fails before its first transaction leaves nothing.
    let empty = folder.path().join("empty");
    fs::write(&long, &whole[..whole.len() - 30]).expect("written");
    bad(&cenacle(&["import", text(&long), "--data", text(&empty)]), "Nothing was stored");
    good(&cenacle(&["import", text(&archive), "--data", text(&empty)]));
}
