//! The load tool: how fast Cenacle answers beside what actix itself can do, beside itself on PostgreSQL, and beside Radicale.
//!
//! Only right answers count: the tool knows what each answer must hold, and one that does not fails its row. Writes are
//! durable (`synchronous=FULL`, `synchronous_commit=on`). See `docs/performance.md`.
//!
//! `cargo run --release --example load -- --help`

mod accounts;
mod bare;
mod bench;
mod data;
mod fixed;
mod http;
mod measure;
mod memory;
mod process;
mod radicale;
mod report;
mod resident;
mod rest;
mod rows;
mod stock;
mod systems;
mod xml;

use clap::{Parser, Subcommand};
use data::Shape;
use process::{Process, free_address};
use report::Column;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use systems::{Kind, System};

/// As in the program itself, which is measured from here.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Debug, Parser)]
#[command(name = "load", about = "Measures Cenacle against a bare handler, PostgreSQL and Radicale")]
struct Options {
    #[command(subcommand)]
    hidden: Option<Hidden>,
    /// Only these rows, separated by commas
    #[arg(long, value_delimiter = ',')]
    rows: Vec<String>,
    /// Seconds of each figure
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// Sizes of calendars
    #[arg(long, value_delimiter = ',', default_value = "1000,10000,50000")]
    sizes: Vec<usize>,
    /// Percent of the series that recur yearly without end
    #[arg(long, default_value_t = 10)]
    yearly: usize,
    /// Also on PostgreSQL: a database that may be written to
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
    /// Only on PostgreSQL, not on SQLite
    #[arg(long, requires = "database_url")]
    no_sqlite: bool,
    /// Also Radicale: the virtual environment that it is installed in
    #[arg(long, value_name = "PATH")]
    radicale: Option<PathBuf>,
    /// Measure this program instead of the server that is built in here
    #[arg(long, value_name = "PATH")]
    server: Option<PathBuf>,
    /// Accounts for the memory row; 0 leaves it out
    #[arg(long, default_value_t = 13_000)]
    accounts: usize,
    /// Leave the memory rows out
    #[arg(long)]
    no_memory: bool,
    /// Print the table as Markdown
    #[arg(long)]
    markdown: bool,
    /// Folder for the data; must not exist yet [default: one of its own in the system's temporary folder]
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Keep the folder
    #[arg(long)]
    keep: bool,
}

#[derive(Debug, Subcommand)]
enum Hidden {
    /// The bare handler
    #[command(hide = true)]
    Bare { listen: SocketAddr },
    /// Cenacle itself
    #[command(hide = true)]
    Cenacle {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Makes accounts
    #[command(hide = true)]
    Accounts {
        #[arg(long)]
        database: String,
        #[arg(long)]
        count: usize,
    },
}

fn main() -> ExitCode {
    let options = Options::parse();
    let outcome = match &options.hidden {
        Some(Hidden::Bare { listen }) => bare::run(*listen).map(|()| true),
        Some(Hidden::Cenacle { args }) => {
            let args = std::iter::once("cenacle").chain(args.iter().map(String::as_str));
            cenacle::cli::Cli::parse_from(args).run().map(|()| true).map_err(|failed| failed.to_string())
        }
        Some(Hidden::Accounts { database, count }) => accounts::run(database, *count).map(|()| true),
        None => load(&options),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(failed) => {
            eprintln!("load: {failed}");
            ExitCode::FAILURE
        }
    }
}

fn load(options: &Options) -> Result<bool, String> {
    let mut sizes = options.sizes.clone();
    sizes.sort_unstable();
    sizes.dedup();
    if sizes.first().is_none_or(|least| *least < data::LEAST) {
        return Err(format!("a calendar has at least {} events", data::LEAST));
    }
    if let Some(unknown) = options.rows.iter().find(|name| !bench::LINES.iter().any(|line| line.id == **name))
    {
        let known: Vec<&str> = bench::LINES.iter().map(|line| line.id).collect();
        return Err(format!("there is no row '{unknown}', but {}", known.join(", ")));
    }
    let folder = options
        .dir
        .clone()
        .unwrap_or_else(|| std::env::temp_dir().join(format!("cenacle-load-{}", std::process::id())));
    if folder.exists() {
        return Err(format!("{} exists already", folder.display()));
    }
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    let outcome = runtime.block_on(run(options, &sizes, &folder));
    if options.keep {
        println!("The data are in {}.", folder.display());
    } else if let Err(error) = std::fs::remove_dir_all(&folder) {
        eprintln!("load: {}: {error}", folder.display());
    }
    let (passed, failed) = outcome?;
    println!("{passed} passed, {failed} failed");
    Ok(failed == 0)
}

async fn run(options: &Options, sizes: &[usize], folder: &std::path::Path) -> Result<(usize, usize), String> {
    let reference = {
        let address = free_address()?;
        let mut command = Command::new(std::env::current_exe().map_err(|error| error.to_string())?);
        command.arg("bare").arg(address.to_string());
        Process::start(command, address, &folder.join("bare.log"))?
    };
    let plan = bench::Plan { only: options.rows.clone(), seconds: options.seconds };
    let mut kinds = Vec::new();
    if !options.no_sqlite {
        kinds.push((Kind::Sqlite, "sqlite"));
    }
    kinds.extend(options.database_url.clone().map(|url| (Kind::Postgres(url), "postgres")));
    kinds.extend(options.radicale.clone().map(|venv| (Kind::Radicale(venv), "radicale")));
    let mut columns: Vec<Column> = Vec::new();
    let mut samples = Vec::new();
    for (kind, name) in kinds {
        let rival = matches!(kind, Kind::Radicale(_));
        // Radicale lists a folder for each answer: the largest size would take the whole day.
        let shapes: Vec<Shape> = sizes
            .iter()
            .filter(|size| !rival || **size <= 10_000)
            .map(|size| Shape { size: *size, yearly: options.yearly })
            .collect();
        println!("{name}");
        let mut system = System::start(kind, &folder.join(name), options.server.clone(), &shapes).await?;
        let lines = bench::measure(&system, &reference, &plan).await?;
        columns.push(Column { label: system.label, lines });
        if system.is_ours() && columns.len() == 1 && !options.no_memory {
            samples = memory::sample(&mut system, options.accounts).await?;
        }
    }
    println!();
    Ok(report::print(&columns, &samples, options.markdown))
}
