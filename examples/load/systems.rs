//! The servers that are measured: Cenacle on either database, Radicale, and what is stored on them before.

use crate::data::Shape;
use crate::http::Account;
use crate::measure::once;
use crate::process::{Process, free_address};
use crate::stock::{Members, Stock};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::rc::Rc;
use std::time::Instant;

/// Password of all accounts.
const PASSWORD: &str = "correct horse battery";
/// Cards in the address book.
pub const CARDS: usize = 5000;

/// How a server is run.
#[derive(Debug, Clone)]
pub enum Kind {
    /// Cenacle with its embedded database.
    Sqlite,
    /// Cenacle on a database server.
    Postgres(String),
    /// Radicale from a virtual environment.
    Radicale(PathBuf),
}

/// A running server with its data.
pub struct System {
    /// How its column is called.
    pub label: &'static str,
    /// Its process.
    pub process: Process,
    /// Calendars of the sizes asked for.
    pub calendars: Vec<Rc<Stock>>,
    /// The address book.
    pub book: Rc<Stock>,
    /// 70 series since 1950, and 70 since last week.
    pub series: [Rc<Stock>; 2],
    /// Who looks at the home with five collections.
    pub poller: Account,
    /// Path of that home.
    pub home: String,
    start: Start,
}

/// What it takes to start it again.
struct Start {
    kind: Kind,
    server: Option<PathBuf>,
    folder: PathBuf,
}

/// Names in this run: a database may hold those of other runs.
pub struct Names {
    /// Who owns the calendars.
    pub owner: String,
    /// Who polls.
    pub poller: String,
}

impl Names {
    /// New ones.
    pub fn fresh() -> Self {
        let run = std::process::id();
        Names { owner: format!("load{run}"), poller: format!("poll{run}") }
    }
}

impl Start {
    fn cenacle(&self) -> Result<Command, String> {
        Ok(match &self.server {
            Some(path) => Command::new(path),
            None => {
                let mut command = Command::new(std::env::current_exe().map_err(|error| error.to_string())?);
                command.arg("cenacle");
                command
            }
        })
    }

    fn database(&self, command: &mut Command) {
        command.env_remove("RUST_LOG").arg("--data").arg(&self.folder);
        if let Kind::Postgres(url) = &self.kind {
            command.arg("--database-url").arg(url);
        }
    }

    fn add(&self, login: &str) -> Result<(), String> {
        use std::io::Write;
        let mut command = self.cenacle()?;
        command.args(["user", "add", login, "--password-stdin"]);
        self.database(&mut command);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .map_err(|error| format!("{command:?}: {error}"))?;
        if let Some(mut input) = child.stdin.take() {
            input.write_all(PASSWORD.as_bytes()).map_err(|error| error.to_string())?;
        }
        let status = child.wait().map_err(|error| error.to_string())?;
        if status.success() { Ok(()) } else { Err(format!("'user add {login}' ended with {status}")) }
    }

    fn serve(&self) -> Result<Process, String> {
        let address = free_address()?;
        let log = self.folder.join("server.log");
        let command = match &self.kind {
            Kind::Radicale(venv) => {
                let mut command = Command::new(venv.join("bin/python"));
                command
                    .args(["-m", "radicale", "--config"])
                    .arg(self.folder.join("config"))
                    .arg("--server-hosts")
                    .arg(address.to_string());
                command
            }
            _ => {
                let mut command = self.cenacle()?;
                command.args(["serve", "--listen", &address.to_string()]);
                // One account asks for more than an account may by REST.
                command.env("CENACLE_REST_REQUESTS", "0");
                self.database(&mut command);
                command
            }
        };
        Process::start(command, address, &log)
    }
}

impl System {
    /// Starts a server in an empty folder and stores the data.
    pub async fn start(
        kind: Kind,
        folder: &Path,
        server: Option<PathBuf>,
        shapes: &[Shape],
    ) -> Result<System, String> {
        std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let start = Start { kind, server, folder: folder.to_owned() };
        let names = Names::fresh();
        let rival = matches!(start.kind, Kind::Radicale(_));
        let (label, calendars, books) = match &start.kind {
            Kind::Sqlite => ("SQLite", "/dav/calendars/", "/dav/addressbooks/"),
            Kind::Postgres(_) => ("PostgreSQL", "/dav/calendars/", "/dav/addressbooks/"),
            Kind::Radicale(_) => ("Radicale", "/", "/"),
        };
        if rival {
            crate::radicale::prepare(folder, &names, PASSWORD, shapes)?;
        } else {
            start.add(&names.owner)?;
            start.add(&names.poller)?;
        }
        let process = start.serve()?;
        let account = Account::new(process.address, &names.owner, PASSWORD);
        let poller = Account::new(process.address, &names.poller, PASSWORD);
        let home = format!("{calendars}{}/", names.poller);
        let stock = |root: &str, slug: &str, members| {
            Rc::new(Stock::new(
                process.address,
                account.clone(),
                format!("{root}{}/{slug}/", names.owner),
                members,
                rival,
            ))
        };
        let system = System {
            label,
            calendars: shapes
                .iter()
                .map(|shape| stock(calendars, &format!("c{}", shape.size), Members::Events(*shape)))
                .collect(),
            book: stock(books, "cards", Members::Cards(CARDS)),
            series: [
                stock(calendars, "s1950", Members::Series("19500102")),
                stock(calendars, "srecent", Members::Series("20260126")),
            ],
            poller,
            home,
            process,
            start,
        };
        system.fill(rival).await?;
        Ok(system)
    }

    async fn fill(&self, prepared: bool) -> Result<(), String> {
        let all = self.calendars.iter().chain(&self.series).chain([&self.book]);
        for stock in all {
            if prepared {
                crate::radicale::learn(stock).await?;
                continue;
            }
            let (method, body) = match stock.members {
                Members::Cards(_) => ("MKCOL", MAKE_BOOK),
                _ => ("MKCALENDAR", ""),
            };
            self.make(&stock.request(method, "", body)).await?;
            let begun = Instant::now();
            stock.fill().await?;
            let seconds = begun.elapsed().as_secs_f64();
            let count = stock.members.count();
            println!(
                "  {}: stored {count} members in {} in {seconds:.1} s ({:.0}/s)",
                self.label,
                stock.path,
                count as f64 / seconds
            );
        }
        if !prepared {
            // With the four that every account has: five.
            self.make(&self.poller.request("MKCALENDAR", &format!("{}fifth/", self.home), "", "")).await?;
        }
        Ok(())
    }

    async fn make(&self, request: &[u8]) -> Result<(), String> {
        match once(self.process.address, request).await? {
            (201, _, _) => Ok(()),
            (status, _, body) => {
                Err(format!("a collection was not made: {status} {}", String::from_utf8_lossy(&body)))
            }
        }
    }

    /// How many collections of the polled home must tell a sync token: an outbox has none.
    pub fn tokens_of_home(&self) -> usize {
        if matches!(self.start.kind, Kind::Radicale(_)) { 5 } else { 4 }
    }

    /// Whether it is Cenacle.
    pub fn is_ours(&self) -> bool {
        !matches!(self.start.kind, Kind::Radicale(_))
    }

    /// Ends the process and starts another one on the same data. The collections then point to a server that is gone.
    pub fn restart(&mut self) -> Result<(), String> {
        self.process.kill();
        self.process = self.start.serve()?;
        Ok(())
    }

    /// A collection as the process of now serves it.
    pub fn renewed(&self, stock: &Stock, login: &str) -> Rc<Stock> {
        let account = Account::new(self.process.address, login, PASSWORD);
        let mut new =
            Stock::new(self.process.address, account, stock.path.clone(), stock.members, stock.lenient);
        new.turns.clone_from(&stock.turns);
        new.etags.clone_from(&stock.etags);
        Rc::new(new)
    }

    /// Runs this program's `accounts` command on the same database.
    pub fn add_accounts(&self, count: usize) -> Result<Vec<(String, String)>, String> {
        let mut command = Command::new(std::env::current_exe().map_err(|error| error.to_string())?);
        command.arg("accounts").arg("--count").arg(count.to_string());
        match &self.start.kind {
            Kind::Postgres(url) => command.arg("--database").arg(url),
            _ => command.arg("--database").arg(self.start.folder.join("cenacle.sqlite")),
        };
        let output =
            command.stderr(Stdio::inherit()).output().map_err(|error| format!("{command:?}: {error}"))?;
        if !output.status.success() {
            return Err(format!("accounts could not be made: {}", output.status));
        }
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        Ok(text
            .lines()
            .filter_map(|line| line.split_once('\t'))
            .map(|(login, secret)| (login.to_owned(), secret.to_owned()))
            .collect())
    }
}

const MAKE_BOOK: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?><D:mkcol xmlns:D=\"DAV:\" xmlns:R=\"urn:ietf:params:xml:ns:carddav\">\
    <D:set><D:prop><D:resourcetype><D:collection/><R:addressbook/></D:resourcetype></D:prop></D:set></D:mkcol>";
