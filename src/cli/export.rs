//! `cenacle export`: the whole database as an archive, or one collection as a file for other programs.

use super::{Failed, block_on, open, progress};
use crate::config::{Config, Flags};
use crate::domain::collection::HomeKind;
use crate::services::Core;
use crate::services::access::Place;
use crate::services::interchange::{Holds, Merge};
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Items read at once from a collection.
const PAGE: i64 = 100;

/// What `export` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Write the whole database as an archive: a file, a folder, or - for standard output
    #[arg(long, value_name = "PATH", conflicts_with = "file", required_unless_present = "file")]
    to: Option<PathBuf>,
    /// Write one collection: FILE.ics or FILE.vcf, or - for standard output
    #[arg(value_name = "FILE", requires_all = ["user", "collection"])]
    file: Option<PathBuf>,
    /// Whose collection
    #[arg(long, value_name = "LOGIN")]
    user: Option<String>,
    /// Last segment of the collection's URL
    #[arg(long, value_name = "SLUG")]
    collection: Option<String>,
    #[command(flatten)]
    flags: Flags,
}

/// Runs the command.
pub fn run(args: Args) -> Result<(), Failed> {
    let core = open(&Config::read(&args.flags, None)?)?;
    match (args.to, args.file, args.user, args.collection) {
        (Some(to), ..) => whole(&core, &to),
        (None, Some(file), Some(user), Some(slug)) => collection(&core, &file, user, slug),
        _ => Err(Failed::Other("say --to PATH, or --user LOGIN --collection SLUG FILE".into())),
    }
}

/// Where output goes: a file that takes its name only when it is complete, or standard output.
struct Output {
    part: Option<(PathBuf, PathBuf)>,
}

impl Output {
    fn open(path: &Path) -> Result<(Self, Box<dyn Write + Send>), Failed> {
        if path == Path::new("-") {
            return Ok((Output { part: None }, Box::new(io::stdout())));
        }
        let mut part = path.as_os_str().to_owned();
        part.push(".part");
        let part = PathBuf::from(part);
        let file = private(&part).map_err(|error| Failed::Other(format!("{}: {error}", part.display())))?;
        let whole = (part, path.to_owned());
        Ok((Output { part: Some(whole) }, Box::new(BufWriter::with_capacity(1 << 18, file))))
    }

    /// Makes the file durable and gives it its name.
    fn complete(self) -> io::Result<()> {
        if let Some((part, path)) = self.part {
            File::open(&part)?.sync_all()?;
            std::fs::rename(part, path)?;
        }
        Ok(())
    }
}

/// A new file that only its owner can read: archives hold password hashes.
fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn whole(core: &Core, to: &Path) -> Result<(), Failed> {
    let path = if to.is_dir() {
        let now = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ");
        to.join(format!("cenacle-{now}.jsonl"))
    } else {
        to.to_owned()
    };
    let (output, writer) = Output::open(&path)?;
    let bar = progress::spinner("rows");
    let shown = bar.clone();
    let (moved, writer) = block_on(core.write_archive(writer, move |rows| shown.set_position(rows)))
        .map_err(|broken| Failed::Other(format!("{}: {broken}", path.display())))?;
    drop(writer);
    output.complete()?;
    bar.finish_and_clear();
    for (table, rows) in &moved.rows {
        eprintln!("{rows:>10}  {table}");
    }
    eprintln!("{:>10}  rows in {}", moved.total(), path.display());
    Ok(())
}

fn collection(core: &Core, file: &Path, user: String, slug: String) -> Result<(), Failed> {
    let holds = match file.extension().and_then(|extension| extension.to_str()) {
        Some("vcf") => Holds::Cards,
        Some("ics") => Holds::Calendar,
        _ => {
            return Err(Failed::Other(
                "the name of the file must end in .ics or .vcf: it says which home is meant".into(),
            ));
        }
    };
    let (output, mut writer) = Output::open(file)?;
    let (written, left) = block_on(collection_to(core, &mut writer, holds, &user, slug))?;
    writer.flush()?;
    drop(writer);
    output.complete()?;
    eprintln!("{written} items in {}", file.display());
    if left > 0 {
        return Err(Failed::Other(format!("{left} items could not be read and are not in the file")));
    }
    Ok(())
}

async fn collection_to(
    core: &Core,
    out: &mut dyn Write,
    holds: Holds,
    user: &str,
    slug: String,
) -> Result<(u64, u64), Failed> {
    let actor = core.on_behalf(user, "cenacle export").await.map_err(|_| Failed::no_account(user))?;
    let place = Place { owner: actor.handle.clone(), home: holds.home(), slug, id: None };
    let access = core.collection(&actor, &place).await.map_err(|_| Failed::no_collection(&place))?;
    let name = access.collection().props.get("DAV:", "displayname").map_or("", |prop| prop.text.as_str());
    let mut merge = Merge::new(holds);
    out.write_all(merge.head(name).as_bytes())?;
    let bar = progress::spinner("items");
    let (mut after, mut written, mut left) = (0, 0, 0);
    loop {
        let (page, next) = core.whole_items(&access, after, PAGE).await?;
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
