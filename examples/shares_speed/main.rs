//! Measures what shares cost in a large tenant: 13,000 accounts, 400 nested groups, 50,000 grants. Run with `--release`.
//!
//! `cargo run --release --example shares_speed -- [ACCOUNTS] [postgres://…]`; an embedded database of its own where nothing is said. Asked over
//! HTTP, in turns: a home with 60 shares taken in, a home with as many collections of its own, and a plain one. Then single decisions of a
//! right through nested groups. It fails where opening the home with shares, or polling it, takes twice the time of the home with none; with
//! fewer accounts, three times: that is the short form, which runs beside other things (`tests/large/run`).

mod fill;
#[path = "../load/http.rs"]
#[expect(dead_code, reason = "the load tool looks at entity tags, this one does not")]
mod http;
mod rounds;

use cenacle::config::Config;
use cenacle::server::listen;
use cenacle::services::{Core, Limits};
use cenacle::store::{Location, Store};
use std::net::{SocketAddr, TcpListener};

/// Accounts of the institute: the whole measure.
const WHOLE: usize = 13_000;
/// Times of a home without shares that the one with them may take, of the whole and of fewer accounts.
const WANTED: [f64; 2] = [2.0, 3.0];
/// Milliseconds that 99 of 100 decisions of a right must stay under.
const DECISION: f64 = 5.0;

fn main() -> Result<(), String> {
    let mut arguments = std::env::args().skip(1);
    let accounts = arguments.next().map_or(Ok(WHOLE), |count| count.parse().map_err(|_| "not a number"))?;
    if accounts < fill::OWNERS {
        return Err(format!("{} accounts at least", fill::OWNERS));
    }
    let folder = std::env::temp_dir().join(format!("cenacle-shares-{}", std::process::id()));
    std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    let location = arguments.next().map_or_else(
        || Location::File(folder.join("cenacle.sqlite")),
        |url| Location::parse(&url).expect("an address"),
    );
    let done = measure(&location, accounts);
    std::fs::remove_dir_all(&folder).map_err(|error| error.to_string())?;
    let failed = done?;
    println!("{} passed, {} failed", failed.checks - failed.failed, failed.failed);
    if failed.failed == 0 { Ok(()) } else { Err("too slow".into()) }
}

/// Bounds that were looked at, and those that did not hold.
#[derive(Default)]
struct Verdict {
    checks: usize,
    failed: usize,
}

impl Verdict {
    fn hold(&mut self, what: &str, figure: f64, bound: f64) {
        self.checks += 1;
        let good = figure < bound;
        self.failed += usize::from(!good);
        println!("{} {what}: {figure:.2}, wanted under {bound}", if good { "PASS" } else { "FAIL" });
    }
}

fn measure(location: &Location, accounts: usize) -> Result<Verdict, String> {
    let store = Store::open(location).map_err(|error| error.to_string())?;
    let core = Core::new(store, Limits::default());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    runtime.block_on(async {
        let people = fill::tenant(&core, accounts).await?;
        let address = serve(&core)?;
        let mut verdict = Verdict::default();
        let [whole, short] = WANTED;
        let wanted = if accounts < WHOLE { short } else { whole };
        for round in rounds::ROUNDS {
            let [shared, own, plain] = rounds::homes(address, &people, round).await?;
            println!(
                "{}: with shares {shared:.3} ms, as many of its own {own:.3} ms, plain {plain:.3} ms",
                round.name
            );
            if round.held {
                verdict.hold(&format!("{}, times of as many of its own", round.name), shared / own, wanted);
            }
        }
        for (what, granted) in [("granted to a group at the fourth level", true), ("not granted", false)] {
            let (half, most) = rounds::decisions(&core, &people, granted).await?;
            println!("a right {what}: {half:.3} ms (99 of 100 under {most:.3} ms)");
            verdict.hold(&format!("a right {what}, ms"), most, DECISION);
        }
        Ok(verdict)
    })
}

/// The server on a thread of its own; it ends with the process.
fn serve(core: &Core) -> Result<SocketAddr, String> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(|error| error.to_string())?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    let core = core.clone();
    std::thread::spawn(move || {
        let config = Config { workers: 1, ..Config::default() };
        actix_web::rt::System::new().block_on(async move {
            match listen::serve(core, &config, listener) {
                Ok(server) => eprintln!("the server ended: {:?}", server.await),
                Err(error) => eprintln!("the server does not start: {error}"),
            }
        });
    });
    Ok(address)
}
