//! Measures the search for principals (`principal-property-search`, the directory) and of the directory as an address book
//! (`addressbook-query`) among many. Run with `--release`.
//!
//! `cargo run --release --example directory_speed -- [PRINCIPALS] [postgres://…]`; 100,000 of them in an embedded database of its own where
//! nothing is said.

use cenacle::domain::collection::HomeKind;
use cenacle::domain::directory;
use cenacle::domain::principal::{NewPrincipal, PrincipalKind};
use cenacle::domain::query::card::{CardFilter, CardPropertyFilter, CardTest};
use cenacle::domain::query::{Test, TextMatch};
use cenacle::services::access::Place;
use cenacle::services::contact_queries::ContactQuery;
use cenacle::services::{Actor, Core, Limits, PrincipalMatch};
use cenacle::store::{Location, Store};
use cenacle::text::collation::{Collation, MatchType};
use futures_util::{StreamExt, TryStreamExt, stream};
use std::time::Instant;

/// Accounts that are made at a time: one commit holds many.
const AT_ONCE: usize = 256;
/// Rows that a search asks for, as a client that completes what is typed.
const ROWS: i64 = 50;
/// Milliseconds that 99 of 100 searches must stay under.
const WANTED: f64 = 50.0;

const FIRST: [&str; 10] =
    ["Claire", "Jean", "Aïcha", "Loïc", "Éloïse", "Mehdi", "Chloé", "Noël", "Inès", "Gaël"];
const LAST: [&str; 10] =
    ["Martin", "Dupond", "Lefèvre", "Benali", "Nguyen", "Garçon", "Hélias", "Œuvrard", "Petit", "Le Goff"];

fn name(number: usize) -> String {
    let pick = |list: &[&str; 10], at: usize| list.get(at % 10).copied().unwrap_or_default().to_owned();
    format!("{} {} {number}", pick(&FIRST, number), pick(&LAST, number / 10))
}

fn main() -> Result<(), String> {
    let mut arguments = std::env::args().skip(1);
    let count = arguments.next().map_or(Ok(100_000), |count| count.parse().map_err(|_| "not a number"))?;
    let folder = std::env::temp_dir().join(format!("cenacle-directory-{}", std::process::id()));
    std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    let location = arguments.next().map_or_else(
        || Location::File(folder.join("cenacle.sqlite")),
        |url| Location::parse(&url).expect("an address"),
    );
    let done = actix_web::rt::System::new().block_on(measure(&location, count));
    std::fs::remove_dir_all(&folder).map_err(|error| error.to_string())?;
    let (asked, slow) = done?;
    println!("{} passed, {slow} failed", asked - slow);
    if slow == 0 { Ok(()) } else { Err("too slow".into()) }
}

async fn fill(core: &Core, count: usize) -> Result<(), String> {
    let run = std::process::id();
    let make = |number: usize| {
        let core = core.clone();
        async move {
            let handle = format!("p{run}.{number}");
            let new = NewPrincipal {
                kind: PrincipalKind::User,
                display_name: name(number),
                addresses: vec![format!("{handle}@example.org")],
                handle,
                admin: false,
                time_zone: None,
            };
            core.create_principal(new, None).await.map(|_| ()).map_err(|fault| fault.to_string())
        }
    };
    stream::iter((0..count).map(make)).buffer_unordered(AT_ONCE).try_collect().await
}

/// Tells what one kind of search took, milliseconds of each; whether 99 of 100 stay under what is wanted.
fn held(title: &str, found: usize, mut taken: Vec<f64>) -> bool {
    taken.sort_by(f64::total_cmp);
    let (half, most) = (taken.get(50).copied().unwrap_or(0.0), taken.get(98).copied().unwrap_or(0.0));
    let held = most < WANTED;
    let verdict = if held { "PASS" } else { "FAIL" };
    println!(
        "{verdict} {title}: {found} found, {half:.2} ms (99 of 100 under {most:.2} ms, wanted under {WANTED})"
    );
    held
}

/// How many kinds of search there are, and how many of them were too slow.
async fn measure(location: &Location, count: usize) -> Result<(usize, usize), String> {
    let core = Core::new(Store::open(location).map_err(|error| error.to_string())?, Limits::default());
    let begun = Instant::now();
    fill(&core, count).await?;
    println!("{count} principals made in {:.0} s", begun.elapsed().as_secs_f64());
    let rare = format!("{}@example.org", count / 2);
    let kinds: [(&str, &[&str]); 5] = [
        ("common: many fit", &["ma"]),
        ("two words", &["claire", "dup"]),
        ("one name", &["lefevre"]),
        ("one address", &[&rare]),
        ("nobody", &["zzzz"]),
    ];
    let (mut asked, mut slow) = measure_book(&core, count).await?;
    for (title, needles) in kinds {
        let mut taken = Vec::with_capacity(100);
        let mut found = 0;
        for _ in 0..100 {
            let wanted = PrincipalMatch {
                needles: needles.iter().map(|needle| (*needle).to_owned()).collect(),
                kinds: vec![PrincipalKind::User],
                limit: ROWS,
            };
            let begun = Instant::now();
            found = core
                .search_principals(&cenacle::services::Actor::operator(), wanted)
                .await
                .map_err(|fault| fault.to_string())?
                .len();
            taken.push(begun.elapsed().as_secs_f64() * 1e3);
        }
        asked += 1;
        slow += usize::from(!held(title, found, taken));
    }
    Ok((asked, slow))
}

/// The same of the directory as an address book, a page of cards at least at a time.
async fn measure_book(core: &Core, count: usize) -> Result<(usize, usize), String> {
    let told = |fault: cenacle::domain::fault::Fault| fault.to_string();
    let handle = format!("p{}.0", std::process::id());
    let who = core.principal(PrincipalKind::User, &handle).await.map_err(told)?;
    let actor = Actor::undoubted(who.id, handle.clone(), None);
    let slug = directory::SLUG.to_owned();
    let place = Place { owner: handle, home: HomeKind::AddressBooks, slug, id: None };
    let rare = format!("{}@example.org", count / 2);
    let kinds = [
        ("common", "FN", "ma"),
        ("one name", "FN", "lefevre"),
        ("one address", "EMAIL", rare.as_str()),
        ("nobody", "FN", "zzzz"),
    ];
    let (mut asked, mut slow) = (0, 0);
    for (title, property, text) in kinds {
        let mut taken = Vec::with_capacity(100);
        let mut found = 0;
        for _ in 0..100 {
            let begun = Instant::now();
            let access = core.collection(&actor, &place).await.map_err(told)?;
            let mut query = ContactQuery::new(&access, containing(property, text)).map_err(told)?;
            found = 0;
            while let Some(page) = query.next(core).await.map_err(told)? {
                found += page.len();
                if found >= usize::try_from(ROWS).unwrap_or(usize::MAX) {
                    break;
                }
            }
            taken.push(begun.elapsed().as_secs_f64() * 1e3);
        }
        asked += 1;
        slow += usize::from(!held(&format!("address book, {title}"), found, taken));
    }
    Ok((asked, slow))
}

/// Cards in which a property has this text.
fn containing(property: &str, text: &str) -> CardFilter {
    let text = TextMatch::new(text.to_owned(), Collation::UnicodeCasemap, MatchType::Contains, false);
    let test = CardTest::Defined { join: Test::AnyOf, texts: vec![text], params: Vec::new() };
    CardFilter { test: Test::AnyOf, properties: vec![CardPropertyFilter { name: property.to_owned(), test }] }
}
