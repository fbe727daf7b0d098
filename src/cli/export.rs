//! `cenacle export`: the whole database as an archive, or one collection as a file for other programs.

use super::interrupts::Interrupts;
use super::part::Part;
use super::{Failed, block_on, open, progress};
use crate::config::{Config, Flags};
use crate::domain::collection::HomeKind;
use crate::services::access::Place;
use crate::services::interchange::{Holds, Merge};
use crate::services::{Access, Core};
use std::fs::OpenOptions;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Items read at once from a collection.
const PAGE: i64 = 100;
/// Octets that are gathered before they are written.
const BUFFER: usize = 1 << 18;

/// What `export` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Write the whole database as an archive: a file, a folder, or - for standard output
    #[arg(long, value_name = "PATH", conflicts_with_all = ["file", "user", "collection", "format"], required_unless_present = "file")]
    to: Option<PathBuf>,
    /// Write one collection: FILE.ics or FILE.vcf, or - with --format for standard output
    #[arg(value_name = "FILE", requires_all = ["user", "collection"])]
    file: Option<PathBuf>,
    /// Whose collection
    #[arg(long, value_name = "LOGIN")]
    user: Option<String>,
    /// Last segment of the collection's URL
    #[arg(long, value_name = "SLUG")]
    collection: Option<String>,
    /// What the file is, where its name does not say so
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,
    /// Write over a file that has this name
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    flags: Flags,
}

/// What a collection is written as: a calendar or an address book.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// iCalendar
    Ics,
    /// vCard
    Vcf,
}

impl Format {
    /// What the end of a name says, in any case.
    fn of(file: &Path) -> Option<Self> {
        let extension = file.extension()?.to_str()?.to_ascii_lowercase();
        match extension.as_str() {
            "ics" => Some(Format::Ics),
            "vcf" => Some(Format::Vcf),
            _ => None,
        }
    }
}

/// Runs the command.
pub fn run(args: Args) -> Result<(), Failed> {
    let core = open(&Config::read(&args.flags, None)?)?;
    match (&args.to, &args.file, &args.user, &args.collection) {
        (Some(to), ..) => whole(&core, to, args.force),
        (None, Some(file), Some(user), Some(slug)) => collection(&core, &args, file, user, slug),
        _ => Err(Failed::Other("say --to PATH, or --user LOGIN --collection SLUG FILE".into())),
    }
}

/// Where output goes.
enum Output {
    /// A new file, and the name that it takes when it is complete; whether in the place of another.
    File(Part, PathBuf, bool),
    /// What is written to as it stands: standard output, a pipe, a device.
    Stream,
}

type Writer = Box<dyn Write + Send>;

impl Output {
    /// Refuses a name that is taken, unless it may be `forced`.
    fn open(path: &Path, forced: bool) -> Result<(Self, Writer), Failed> {
        if path == Path::new("-") {
            return Ok((Output::Stream, Box::new(io::stdout())));
        }
        // A link stands for what it leads to, as far as that is there.
        let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        match std::fs::symlink_metadata(&path) {
            Ok(there) if !there.is_file() && !there.is_symlink() => {
                let stream = OpenOptions::new().write(true).open(&path);
                let stream = stream.map_err(|error| Failed::at(&path, &error))?;
                return Ok((Output::Stream, Box::new(BufWriter::with_capacity(BUFFER, stream))));
            }
            Ok(_) if !forced => {
                return Err(Failed::Other(format!(
                    "{} exists already: nothing is written over without --force",
                    path.display()
                )));
            }
            _ => {}
        }
        let (part, file) = Part::beside(&path)?;
        Ok((Output::File(part, path, forced), Box::new(BufWriter::with_capacity(BUFFER, file))))
    }

    /// Makes the file durable and gives it its name.
    fn complete(self) -> Result<(), Failed> {
        match self {
            Output::Stream => Ok(()),
            Output::File(part, path, true) => part.replace(&path).map_err(|error| Failed::at(&path, &error)),
            Output::File(part, path, false) => part.name(&path).map_err(|error| Failed::at(&path, &error)),
        }
    }

    /// A writer that fails after an interrupt; a stream may wait for its reader for ever, so there the signals end the program by
    /// themselves.
    fn guarded(&self, writer: Writer) -> Result<(Writer, Arc<AtomicBool>), Failed> {
        let interrupted = match self {
            Output::Stream => Arc::default(),
            Output::File(..) => Interrupts::listen()?.noted(),
        };
        Ok((Box::new(Guarded { writer, interrupted: Arc::clone(&interrupted) }), interrupted))
    }
}

struct Guarded {
    writer: Writer,
    interrupted: Arc<AtomicBool>,
}

impl Write for Guarded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.interrupted.load(Ordering::Acquire) {
            return Err(io::Error::other("interrupted"));
        }
        self.writer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

/// What is told where writing failed, be it for an interrupt.
fn stopped(interrupted: &AtomicBool, otherwise: Failed) -> Failed {
    match interrupted.load(Ordering::Acquire) {
        true => Failed::Other("interrupted: nothing was written".into()),
        false => otherwise,
    }
}

fn whole(core: &Core, to: &Path, forced: bool) -> Result<(), Failed> {
    // A wrong name of a database must not look like an archive every night.
    if block_on(core.is_empty())? {
        return Err(Failed::Other("there is no account in this database: is it the right one?".into()));
    }
    let path = if to.is_dir() {
        let now = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ");
        to.join(format!("cenacle-{now}.jsonl"))
    } else {
        to.to_owned()
    };
    let bar = progress::spinner("rows");
    let shown = bar.clone();
    let moved = block_on(async {
        let (output, writer) = Output::open(&path, forced)?;
        let (writer, interrupted) = output.guarded(writer)?;
        let written = core.write_archive(writer, move |rows| shown.set_position(rows)).await;
        let (moved, writer) = written.map_err(|broken| stopped(&interrupted, Failed::at(&path, &broken)))?;
        drop(writer);
        output.complete()?;
        Ok::<_, Failed>(moved)
    })?;
    bar.finish_and_clear();
    for (table, rows) in &moved.rows {
        eprintln!("{rows:>10}  {table}");
    }
    eprintln!("{:>10}  rows in {}", moved.total(), path.display());
    Ok(())
}

fn collection(core: &Core, args: &Args, file: &Path, user: &str, slug: &str) -> Result<(), Failed> {
    let holds = match args.format.or_else(|| Format::of(file)) {
        Some(Format::Vcf) => Holds::Cards,
        Some(Format::Ics) => Holds::Calendar,
        None => {
            return Err(Failed::Other(
                "say --format ics for a calendar or vcf for an address book, or give the file a name that ends so".into(),
            ));
        }
    };
    let (written, left) = block_on(async {
        let actor = core.on_behalf(user, "cenacle export").await.map_err(|_| Failed::no_account(user))?;
        let place =
            Place { owner: actor.handle.clone(), home: holds.home(), slug: slug.to_owned(), id: None };
        let access = core.collection(&actor, &place).await.map_err(|_| Failed::no_collection(&place))?;
        let (output, writer) = Output::open(file, args.force)?;
        let (mut writer, interrupted) = output.guarded(writer)?;
        let written = collection_to(core, &mut writer, holds, &access).await;
        let told = written.and_then(|told| writer.flush().map(|()| told).map_err(Failed::from));
        let told = told.map_err(|failed| stopped(&interrupted, failed))?;
        drop(writer);
        output.complete()?;
        Ok::<_, Failed>(told)
    })?;
    eprintln!("{written} items in {}", file.display());
    if left > 0 {
        return Err(Failed::Other(format!("{left} items could not be read and are not in the file")));
    }
    Ok(())
}

async fn collection_to(
    core: &Core,
    out: &mut Writer,
    holds: Holds,
    access: &Access,
) -> Result<(u64, u64), Failed> {
    let name = access.collection().props.get("DAV:", "displayname").map_or("", |prop| prop.text.as_str());
    let mut merge = Merge::new(holds);
    out.write_all(merge.head(name).as_bytes())?;
    let bar = progress::spinner("items");
    let (mut after, mut written, mut left) = (0, 0, 0);
    loop {
        let (page, next) = core.whole_items(access, after, PAGE).await?;
        for item in &page {
            match merge.item(&item.body) {
                Some(text) => {
                    out.write_all(text.as_bytes())?;
                    written += 1;
                }
                None => {
                    eprintln!("left out, cannot be read: {}", item.name);
                    left += 1;
                }
            }
        }
        bar.set_position(written);
        let Some(next) = next else { break };
        after = next;
    }
    out.write_all(merge.tail().as_bytes())?;
    bar.finish_and_clear();
    Ok((written, left))
}

impl Failed {
    /// There is no account of this login.
    pub(super) fn no_account(login: &str) -> Self {
        Failed::Other(format!("there is no account '{login}': cenacle user add makes one"))
    }

    /// There is no collection at this place.
    pub(super) fn no_collection(place: &Place) -> Self {
        let what = if place.home == HomeKind::AddressBooks { "address book" } else { "calendar" };
        Failed::Other(format!("{} has no {what} '{}'", place.owner, place.slug))
    }
}
