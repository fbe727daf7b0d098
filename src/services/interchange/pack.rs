//! ZIP archives: written as a stream, and read with bounds on all that somebody could make long. APPNOTE.TXT of PKWARE.
//!
//! Of the crates that read ZIP, `zip` is the one that is much used and well kept. Its stable reader, `rc-zip` and `async_zip` hold the whole directory before one can
//! ask how long it is: some hundred octets for each of millions of entries that a small file may name. `ZipIterable` goes through it entry by entry;
//! it is not promised to stay as it is, so that the version is pinned. Nothing is ever unpacked to the disk: no name of an entry can lead anywhere.
//! Knows no calendars.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::sync::{Arc, Mutex, PoisonError};
use zip::read::Config;
use zip::result::ZipError;
use zip::unstable::read::ZipIterable;
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, DateTime, ZipReadOptions, ZipWriter};

/// Entries of an archive.
const ENTRIES: usize = 5_000;
/// Octets of the directory at its end: names, comments and extra fields.
const DIRECTORY: u64 = 4 * 1024 * 1024;
/// Octets of the name of an entry.
const NAME: usize = 1_024;
/// Octets that an entry unpacks to: what a file that is sent by itself may have.
pub const ENTRY: usize = 64 * 1024 * 1024;
/// How many octets an archive unpacks to for each that it has; calendars have some twenty, and no more is believed.
const RATIO: u64 = 200;
/// What any archive may unpack to, whatever its ratio.
const ALWAYS: u64 = ENTRY as u64;
/// How hard it is compressed: fast, for it is done while the client waits.
const LEVEL: i64 = 3;

/// What is written and not taken yet.
#[derive(Debug, Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes an archive from its beginning to its end, with descriptors behind the data: nothing is known of an entry before it is written. Holds the
/// names of the entries, and what was not taken.
pub struct Packer {
    zip: ZipWriter<StreamWriter<Sink>>,
    sink: Sink,
    made: DateTime,
}

impl Packer {
    /// An empty archive of this time, microseconds UTC.
    pub fn new(now: i64) -> Self {
        let sink = Sink::default();
        Packer { zip: ZipWriter::new_stream(sink.clone()), sink, made: made(now) }
    }

    /// Begins an entry. It must stay below 4 GiB; the archive need not.
    pub fn begin(&mut self, name: &str) -> io::Result<()> {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(LEVEL))
            .last_modified_time(self.made)
            .unix_permissions(0o644);
        self.zip.start_file(name, options).map_err(io::Error::from)
    }

    /// Goes on with the entry.
    pub fn write(&mut self, text: &str) -> io::Result<()> {
        self.zip.write_all(text.as_bytes())
    }

    /// What has come out so far.
    pub fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.sink.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Ends the archive; gives the rest.
    pub fn end(self) -> io::Result<Vec<u8>> {
        let Packer { zip, sink, .. } = self;
        zip.finish()?;
        Ok(std::mem::take(&mut *sink.0.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

/// Such an archive knows no time before 1980.
fn made(now: i64) -> DateTime {
    let time = jiff::Timestamp::from_microsecond(now).unwrap_or_default();
    let time = jiff::tz::TimeZone::UTC.to_datetime(time);
    let part = |number: i8| u8::try_from(number).unwrap_or_default();
    let year = u16::try_from(time.year()).unwrap_or_default();
    let (month, day) = (part(time.month()), part(time.day()));
    let made = DateTime::from_date_and_time(
        year,
        month,
        day,
        part(time.hour()),
        part(time.minute()),
        part(time.second()),
    );
    made.unwrap_or_default()
}

/// Why an archive, or an entry of it, cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Unpackable {
    /// The file, or what it says of itself.
    #[error("not a ZIP archive that can be read: {0}")]
    Broken(ZipError),
    /// More than is read.
    #[error("{0}")]
    TooMuch(&'static str),
}

impl From<ZipError> for Unpackable {
    fn from(error: ZipError) -> Self {
        Unpackable::Broken(error)
    }
}

impl From<io::Error> for Unpackable {
    fn from(error: io::Error) -> Self {
        Unpackable::Broken(error.into())
    }
}

/// A file in an archive.
#[derive(Debug)]
pub struct Entry {
    /// With slashes, as the archive has it.
    pub name: String,
    inner: zip::read::OwnedZipFileEntry,
}

/// An archive that is read.
#[derive(Debug)]
pub struct Pack {
    file: File,
    entries: Vec<Entry>,
    /// Octets that may still come out of it.
    left: u64,
}

impl Pack {
    /// Reads the directory of an archive. Directories are no entries.
    pub fn open(file: File) -> Result<Self, Unpackable> {
        let length = file.metadata()?.len();
        let mut zip = ZipIterable::try_new(BufReader::new(file.try_clone()?), Config::default())?;
        if zip.len() > ENTRIES {
            return Err(Unpackable::TooMuch("the archive has more than 5,000 entries"));
        }
        let mut entries = Vec::with_capacity(zip.len());
        let mut begin = None;
        for entry in zip.files()? {
            let entry = entry?;
            let at = entry.central_header_start();
            if entry.name_raw().len() > NAME || at - *begin.get_or_insert(at) > DIRECTORY {
                return Err(Unpackable::TooMuch("the directory of the archive is too long"));
            }
            if entry.is_dir() {
                continue;
            }
            let name = entry.name()?.into_owned();
            entries.push(Entry { name, inner: entry.into() });
        }
        Ok(Pack { file, entries, left: length.saturating_mul(RATIO).max(ALWAYS) })
    }

    /// The files in it, in the order of its directory.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Unpacks an entry. What is longer than its archive says, or than is believed, is not read on.
    pub fn read(&mut self, at: usize) -> Result<Vec<u8>, Unpackable> {
        let Some(entry) = self.entries.get(at) else { return Err(ZipError::FileNotFound.into()) };
        let entry = entry.inner.as_ref();
        if entry.encrypted() {
            return Err(Unpackable::TooMuch("encrypted"));
        }
        let most = self.left.min(ENTRY as u64);
        let mut bytes = Vec::new();
        let reader = entry.with_reader(&mut self.file, ZipReadOptions::default())?;
        reader.take(most + 1).read_to_end(&mut bytes)?;
        self.left = self.left.saturating_sub(bytes.len() as u64);
        if bytes.len() as u64 > most {
            return Err(Unpackable::TooMuch("unpacks to more than is read"));
        }
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(entries: &[(&str, String)]) -> Vec<u8> {
        let mut packer = Packer::new(0);
        let mut out = Vec::new();
        for (name, text) in entries {
            packer.begin(name).expect("begun");
            packer.write(text).expect("written");
            out.extend(packer.take());
        }
        out.extend(packer.end().expect("ended"));
        out
    }

    fn opened(bytes: &[u8]) -> Result<Pack, Unpackable> {
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(bytes).expect("written");
        Pack::open(file)
    }

    #[test]
    fn what_is_packed_is_read_again() {
        let long = "abc\u{e9}".repeat(200_000);
        let bytes =
            packed(&[("a/É.ics", "one".to_owned()), ("b.vcf", long.clone()), ("empty", String::new())]);
        assert!(bytes.len() < 20_000, "{}", bytes.len());
        let mut pack = opened(&bytes).expect("an archive");
        let names: Vec<&str> = pack.entries().iter().map(|entry| entry.name.as_str()).collect();
        assert_eq!(names, ["a/É.ics", "b.vcf", "empty"]);
        assert_eq!(pack.read(0).expect("read"), b"one");
        assert_eq!(pack.read(1).expect("read"), long.as_bytes());
        assert_eq!(pack.read(2).expect("read"), b"");
        assert!(pack.read(3).is_err());
        assert!(opened(&packed(&[])).expect("an archive").entries().is_empty());
    }

    #[test]
    fn bombs_do_not_go_off() {
        // More than an entry may have, of a thousandth of that.
        let bytes = packed(&[("bomb.ics", " ".repeat(ENTRY + 1)), ("next.ics", "x".to_owned())]);
        let mut pack = opened(&bytes).expect("an archive");
        assert!(matches!(pack.read(0), Err(Unpackable::TooMuch(_))));
        // Nor in many pieces: the archive has unpacked to what it may.
        assert!(matches!(pack.read(1), Err(Unpackable::TooMuch(_))), "{}", pack.left);
        let many: Vec<(String, String)> = (0..=ENTRIES).map(|at| (at.to_string(), String::new())).collect();
        let many: Vec<(&str, String)> =
            many.iter().map(|(name, text)| (name.as_str(), text.clone())).collect();
        assert!(matches!(opened(&packed(&many)), Err(Unpackable::TooMuch(_))));
        assert!(matches!(
            opened(&packed(&[(&"n".repeat(NAME + 1), String::new())])),
            Err(Unpackable::TooMuch(_))
        ));
    }

    #[test]
    fn what_is_no_archive_or_was_cut_or_changed_is_refused() {
        for bytes in [&b""[..], b"PK", b"hello, this is no archive at all"] {
            assert!(matches!(opened(bytes), Err(Unpackable::Broken(_))));
        }
        let whole =
            packed(&[("a.ics", "some text that is long enough to be packed, packed, packed".to_owned())]);
        for cut in [whole.len() / 3, whole.len() / 2, whole.len() - 1] {
            assert!(opened(&whole[..cut]).is_err(), "{cut}");
        }
        let mut changed = whole.clone();
        changed[40] ^= 0x55;
        assert!(opened(&changed).is_ok_and(|mut pack| pack.read(0).is_err()));
    }
}
