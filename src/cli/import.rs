//! `cenacle import`: an archive into an empty database, or a file of other programs into one collection.

use super::interrupts::Interrupts;
use super::{Failed, block_on, open, open_or_make, progress};
use crate::config::{Config, Flags};
use crate::services::Core;
use crate::services::access::Place;
use crate::services::archive::{Tokens, is_archive};
use crate::services::interchange::{Fate, Intake, Known, Outcome, Piece, split, together};
use crate::text::charset;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

/// What `import` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// An archive made by `cenacle export`; with --user, a .ics or .vcf file; - for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Into a collection of this account
    #[arg(long, value_name = "LOGIN", requires = "collection")]
    user: Option<String>,
    /// Last segment of the collection's URL
    #[arg(long, value_name = "SLUG", requires = "user")]
    collection: Option<String>,
    /// Store the file's items in place of stored ones of the same UID
    #[arg(long, requires = "user")]
    replace: bool,
    /// Only say what would be done
    #[arg(long, requires = "user")]
    dry_run: bool,
    /// Name each item, not only those that are refused
    #[arg(long, requires = "user")]
    verbose: bool,
    /// Keep sync and bearer tokens valid: only where the old database will never be served again
    #[arg(long, conflicts_with = "user")]
    keep_tokens: bool,
    #[command(flatten)]
    flags: Flags,
}

/// Runs the command.
pub fn run(args: Args) -> Result<(), Failed> {
    let config = Config::read(&args.flags, None)?;
    match (&args.user, &args.collection) {
        (Some(user), Some(slug)) => block_on(items(&open(&config)?, &args, user, slug)),
        _ => whole(&open_or_make(&config)?, &args),
    }
}

fn whole(core: &Core, args: &Args) -> Result<(), Failed> {
    let (input, length, waits): (Box<dyn BufRead>, u64, bool) = if args.file == Path::new("-") {
        (Box::new(io::stdin().lock()), 0, true)
    } else {
        let file = File::open(&args.file)
            .map_err(|error| Failed::Other(format!("{}: {error}", args.file.display())))?;
        let known = file.metadata()?;
        (Box::new(BufReader::with_capacity(1 << 18, file)), known.len(), !known.is_file())
    };
    let tokens = if args.keep_tokens { Tokens::Keep } else { Tokens::Renew };
    let bar = progress::bytes(length);
    let read = block_on(async {
        let reading = core.read_archive(input, tokens, |bytes| bar.set_position(bytes));
        // Nobody could break off the wait for a pipe, so there the signals end the program by themselves.
        if waits {
            return reading.await.map_err(|broken| broken.to_string());
        }
        let mut interrupts = Interrupts::listen().map_err(|error| error.to_string())?;
        tokio::select! {
            moved = reading => moved.map_err(|broken| broken.to_string()),
            () = interrupts.one() => Err("interrupted".to_owned()),
        }
    });
    bar.finish_and_clear();
    let moved = match read {
        Ok(moved) => moved,
        Err(why) if block_on(core.unfinished_import())?.is_some() => {
            return Err(Failed::Other(format!(
                "{why}\nA part of the archive is in the database, which no command opens any more: import into an empty one."
            )));
        }
        Err(why) => return Err(Failed::Other(format!("{why}\nNothing was stored."))),
    };
    for (table, rows) in &moved.rows {
        told!("{rows:>10}  {table}");
    }
    told!("{:>10}  rows", moved.total());
    if args.keep_tokens {
        told!("Tokens stay good. Never serve the old database again: its tokens would name other states.");
    }
    if moved.refused_count == 0 {
        return Ok(());
    }
    for refused in &moved.refused {
        eprintln!("refused: {refused}");
    }
    Err(Failed::Other(format!("{} items could not be stored; all else was", moved.refused_count)))
}

#[derive(Debug, Default)]
struct Tally {
    created: u64,
    replaced: u64,
    kept: u64,
    refused: u64,
}

async fn items(core: &Core, args: &Args, user: &str, slug: &str) -> Result<(), Failed> {
    let source = read(&args.file)?;
    if is_archive(&source) {
        return Err(Failed::Other(format!(
            "{}: this is an archive of Cenacle: import it without --user, into an empty database",
            args.file.display()
        )));
    }
    let (holds, items) =
        split(&source).map_err(|error| Failed::Other(format!("{}: {error}", args.file.display())))?;
    let actor = core.on_behalf(user, "cenacle import").await.map_err(|_| Failed::no_account(user))?;
    let place = Place { owner: actor.handle.clone(), home: holds.home(), slug: slug.to_owned(), id: None };
    let access = core.collection(&actor, &place).await.map_err(|_| Failed::no_collection(&place))?;
    let known = if args.replace { Known::Replace } else { Known::Skip };
    let bar = progress::bar(items.len() as u64);
    let mut tally = Tally::default();
    let mut into = Intake::new(&access, holds, known, args.dry_run);
    let mut pieces = items.into_iter().map(Piece::Item).peekable();
    while pieces.peek().is_some() {
        let some = together(&mut pieces);
        for Outcome { label, fate, .. } in core.take_in(&actor, &mut into, some).await {
            let fate = fate?;
            bar.inc(1);
            let (count, word) = match &fate {
                Fate::Created => (&mut tally.created, "created"),
                Fate::Replaced => (&mut tally.replaced, "replaced"),
                Fate::Kept => (&mut tally.kept, "there already"),
                Fate::Refused(_) => (&mut tally.refused, "refused"),
            };
            *count += 1;
            match &fate {
                Fate::Refused(why) => bar.suspend(|| println!("{word}: {label}: {why}")),
                _ if args.verbose => bar.suspend(|| println!("{word}: {label}")),
                _ => {}
            }
        }
    }
    bar.finish_and_clear();
    let would = if args.dry_run { "would be " } else { "" };
    let Tally { created, replaced, kept, refused } = tally;
    told!("{created} {would}created, {replaced} {would}replaced, {kept} there already, {refused} refused");
    if refused > 0 { Err(Failed::Other(format!("{refused} items were refused"))) } else { Ok(()) }
}

/// A file as text, in whatever character set old programs wrote it.
fn read(path: &Path) -> Result<String, Failed> {
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        io::stdin().read_to_end(&mut bytes)?;
    } else {
        bytes = std::fs::read(path).map_err(|error| Failed::Other(format!("{}: {error}", path.display())))?;
    }
    Ok(charset::decode(&bytes, None).unwrap_or_default().into_owned())
}
