//! One PostgreSQL cluster a test run, from the distribution's binaries: a temporary folder, a unix socket, no fsync.
//!
//! A small shell stands between: it holds the reading end of a pipe whose other end is this process. When this process
//! ends, however it ends, the pipe closes, and the shell stops the server by its process id and removes the folder.

use cenacle::store::{Location, Store};
use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// The migrated database that each test's own is copied from.
const TEMPLATE: &str = "migrated";
/// How long the server may take to accept connections.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits for the end of the pipe on standard input, then stops the server and removes its folder.
const KEEPER: &str = r#"
"$1/postgres" -D "$2/data" -k "$2" -c listen_addresses= -c fsync=off -c full_page_writes=off \
    -c max_connections=300 -c shared_buffers=32MB -c autovacuum=off >"$2/log" 2>&1 </dev/null &
server=$!
read -r _
kill -QUIT "$server" && wait "$server"
rm -rf "$2"
"#;

/// A running cluster.
pub struct Cluster {
    folder: PathBuf,
    admin: Mutex<PgConnection>,
    /// Holds the writing end of the keeper's pipe.
    _keeper: Child,
}

/// A database of one test.
pub struct Database {
    name: String,
}

/// This run's cluster, started when first asked for; `None` where no server is installed.
pub fn cluster() -> Option<&'static Cluster> {
    static CLUSTER: OnceLock<Option<Cluster>> = OnceLock::new();
    CLUSTER.get_or_init(|| Some(Cluster::start(&binaries()?))).as_ref()
}

/// The folder of the newest installed server's programs.
fn binaries() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let mut found: Vec<(u32, PathBuf)> = versions
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let version = path.file_name()?.to_str()?.parse().ok()?;
            let programs = path.join("bin");
            programs.join("postgres").exists().then_some((version, programs))
        })
        .collect();
    found.sort();
    found.pop().map(|(_, programs)| programs)
}

/// Numbers of the user that the server runs as: it refuses to run as root.
fn unprivileged(owner_of: &Path) -> Option<(u32, u32)> {
    let own = std::fs::metadata(owner_of).expect("a folder of our own");
    if own.uid() != 0 {
        return None;
    }
    let users = std::fs::read_to_string("/etc/passwd").expect("a list of users");
    let find = |name: &str| {
        let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    Some(find("postgres").or_else(|| find("nobody")).expect("a user that is not root"))
}

impl Cluster {
    fn start(programs: &Path) -> Cluster {
        // Removed by the keeper, also when this process is killed.
        let folder =
            tempfile::Builder::new().prefix("cenacle-pg-").tempdir().expect("a temporary folder").keep();
        let user = unprivileged(&folder);
        if let Some((uid, gid)) = user {
            chown(&folder, Some(uid), Some(gid)).expect("the folder is given away");
        }
        let as_user = |mut command: Command| {
            if let Some((uid, gid)) = user {
                command.uid(uid).gid(gid);
            }
            command.current_dir(&folder);
            command
        };
        let mut initdb = Command::new(programs.join("initdb"));
        initdb.args([
            "--auth=trust",
            "--username=postgres",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
        ]);
        initdb.arg("-D").arg(folder.join("data")).stdin(Stdio::null());
        let made = as_user(initdb).output().expect("initdb runs");
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        let mut keeper = Command::new("sh");
        keeper.arg("-c").arg(KEEPER).arg("keeper").arg(programs).arg(&folder);
        // A group of its own: an interrupt from the keyboard reaches it only through the pipe.
        keeper.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        let keeper = as_user(keeper).spawn().expect("a shell");
        let mut admin = Self::connect(&folder);
        Self::make_template(&folder, &mut admin);
        Cluster { folder, admin: Mutex::new(admin), _keeper: keeper }
    }

    fn connect(folder: &Path) -> PgConnection {
        let begun = Instant::now();
        loop {
            match PgConnection::establish(&url(folder, "postgres")) {
                Ok(connection) => return connection,
                Err(error) if begun.elapsed() > PATIENCE => {
                    let log = std::fs::read_to_string(folder.join("log")).unwrap_or_default();
                    panic!("PostgreSQL does not start: {error}\n{log}");
                }
                Err(_) => std::thread::sleep(Duration::from_millis(50)),
            }
        }
    }

    fn make_template(folder: &Path, admin: &mut PgConnection) {
        admin.batch_execute(&format!("CREATE DATABASE {TEMPLATE}")).expect("an empty database");
        let address = url(folder, TEMPLATE);
        drop(Store::open(&Location::parse(&address).expect("an address")).expect("the template is migrated"));
        // Each copy makes its own epoch and secret. The pool's connections must be gone before the first copy.
        let mut inside = PgConnection::establish(&address).expect("the template");
        inside.batch_execute("DELETE FROM meta").expect("no epoch");
        drop(inside);
        admin
            .batch_execute(&format!(
                "ALTER DATABASE {TEMPLATE} ALLOW_CONNECTIONS false; \
                 SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{TEMPLATE}'"
            ))
            .expect("nobody in the template");
    }

    /// A copy of the template.
    pub fn create_database(&'static self) -> Database {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("t{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let begun = Instant::now();
        loop {
            // The file copy is quicker than the log for a database this small.
            let made = self.run(&format!("CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY file_copy"));
            match made {
                Ok(()) => return Database { name },
                // A terminated session may still be on its way out.
                Err(error) => assert!(begun.elapsed() < PATIENCE, "no copy of the template: {error}"),
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn run(&self, sql: &str) -> diesel::QueryResult<()> {
        self.admin.lock().unwrap_or_else(PoisonError::into_inner).batch_execute(sql)
    }
}

impl Database {
    /// How the server reaches it.
    pub fn url(&self) -> String {
        url(&cluster().expect("it made this").folder, &self.name)
    }

    /// Drops it, whoever is still connected.
    pub fn remove(self) {
        // A database that stays is gone with the cluster.
        drop(cluster().expect("it made this").run(&format!("DROP DATABASE {} WITH (FORCE)", self.name)));
    }
}

fn url(folder: &Path, database: &str) -> String {
    let socket = folder.to_str().expect("a plain path").replace('/', "%2F");
    format!("postgres://postgres@{socket}/{database}")
}
