//! The whole database as one stream of lines, to move it between SQLite and PostgreSQL and to keep it elsewhere.
//!
//! The form (`docs/administrator.md` has it for operators): UTF-8, one JSON object a line. The first line is `{"archive":{…}}`, then
//! one line a row, `{"TABLE":{COLUMN:VALUE,…}}`, those that others refer to first; the last is `{"end":{"records":N,"sha256":"…"}}`
//! with the digest of all bytes before it. Items carry their bytes as sent; what is derived from them is derived anew.
//! Memory follows one batch, not the database.

use super::content::{self, Media, Sent};
use super::limits::Limits;
use super::{Core, fault};
use crate::domain::collection::CollectionKind;
use crate::domain::fault::Fault;
use crate::domain::object::Draft;
use crate::store::{Error, ObjectRecord, Record};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::{self, BufRead, Write};

/// The form that is written; an archive of a later form is refused.
const FORMAT: u32 = 1;
/// Bytes of a line at most: an item of the greatest size, each byte escaped.
const MAX_LINE: u64 = 96 * 1024 * 1024;
/// Rows of one transaction at most, and their bytes.
const BATCH: usize = 500;
const BATCH_BYTES: usize = 8 * 1024 * 1024;
/// Refused items that a report names one by one.
const NAMED: usize = 100;

#[derive(Debug, Serialize, Deserialize)]
struct Head {
    archive: About,
}

#[derive(Debug, Serialize, Deserialize)]
struct About {
    format: u32,
    program: String,
    made_at: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct Tail {
    end: End,
}

#[derive(Debug, Serialize, Deserialize)]
struct End {
    records: u64,
    sha256: String,
}

/// Why an archive could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// The file.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The database.
    #[error("{0}")]
    Fault(#[from] Fault),
    /// The archive itself; line numbers count from 1.
    #[error("line {line} of the archive: {what}")]
    Line {
        /// Where.
        line: u64,
        /// What is wrong.
        what: String,
    },
}

/// What was moved.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Moved {
    /// Rows by table.
    pub rows: BTreeMap<&'static str, u64>,
    /// Items that cannot be stored any more, the first hundred: where and why.
    pub refused: Vec<String>,
    /// How many were refused.
    pub refused_count: u64,
}

impl Moved {
    fn count(&mut self, record: &Record) {
        *self.rows.entry(record.table()).or_default() += 1;
    }

    /// All rows together.
    pub fn total(&self) -> u64 {
        self.rows.values().sum()
    }
}

/// How sync tokens and bearer tokens of the old database are treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tokens {
    /// They end: each client reads everything once more. Right for a copy, or for an archive of the past.
    Renew,
    /// They stay good: right where the old database will never be served again.
    Keep,
}

/// Whether a text begins as an archive does.
pub fn is_archive(text: &str) -> bool {
    text.lines().next().is_some_and(|line| serde_json::from_str::<Head>(line).is_ok())
}

impl Core {
    /// Writes everything, as of one commit, beside a running server. `progress` is told the rows so far.
    pub async fn write_archive<W>(
        &self,
        mut out: W,
        progress: impl Fn(u64) + Send + 'static,
    ) -> Result<(Moved, W), Broken>
    where
        W: Write + Send + 'static,
    {
        let store = self.store.clone();
        let done = tokio::task::spawn_blocking(move || {
            let mut written: Option<Result<Moved, Broken>> = None;
            let outcome = store.snapshot_here(&mut |tx| {
                // The store runs a closure again when its connection broke; half of the file is written then.
                if written.is_some() {
                    return Err(Error::Unavailable(
                        "the connection broke while the archive was written".into(),
                    ));
                }
                let mut lines = Lines { out: &mut out, digest: Sha256::new(), records: 0 };
                let mut moved = Moved::default();
                let result = lines.all(tx, &mut moved, &progress);
                let failed = result.is_err();
                written = Some(result.map(|()| moved));
                // Any refusal ends the transaction; which one is in `written`.
                if failed { Err(Error::Fault(Fault::Internal)) } else { Ok(()) }
            });
            match (written, outcome) {
                (Some(Ok(moved)), Ok(())) => Ok((moved, out)),
                (Some(Err(broken)), _) => Err(broken),
                (_, Err(error)) => Err(Broken::Fault(error.into_fault())),
                (None, Ok(())) => Err(Broken::Fault(Fault::Internal)),
            }
        });
        done.await.unwrap_or(Err(Broken::Fault(Fault::Internal)))
    }

    /// Reads an archive into an empty database. `progress` is told the bytes so far. Reads on the calling thread.
    pub async fn read_archive(
        &self,
        input: impl BufRead,
        tokens: Tokens,
        progress: impl Fn(u64),
    ) -> Result<Moved, Broken> {
        if !self.is_empty().await? {
            return Err(Fault::Conflict("the database has accounts already: import into an empty one").into());
        }
        let begun = written_at();
        let mut reader = Reader { input, digest: Sha256::new(), line: 0, bytes: 0 };
        reader.head()?;
        let mut moved = Moved::default();
        let mut batch = Batch::default();
        let mut seen = 0;
        loop {
            let text = reader.next()?;
            if let Some(end) = text.starts_with("{\"end\":").then(|| serde_json::from_str::<Tail>(&text)) {
                let end = end.map_err(|error| reader.wrong(error))?.end;
                reader.check(&end, seen)?;
                reader.is_done()?;
                break;
            }
            reader.digest.update(text.as_bytes());
            seen += 1;
            let record: Record = serde_json::from_str(&text).map_err(|error| reader.wrong(error))?;
            batch.add(record, text.len(), tokens, &mut moved);
            if batch.is_full() {
                self.restore(&mut batch, Turn::Begun(begun.clone())).await?;
                progress(reader.bytes);
            }
        }
        self.restore(&mut batch, Turn::Last).await?;
        progress(reader.bytes);
        Ok(moved)
    }

    /// Ends all sync tokens and bearer tokens at the next start: after a backup was put back, those of the lost time would
    /// name other states and other credentials.
    pub async fn end_tokens(&self) -> Result<(), Fault> {
        fault(self.store.write(|tx| tx.end_tokens()).await)
    }

    /// Whether there is no account and no group.
    pub async fn is_empty(&self) -> Result<bool, Fault> {
        fault(self.store.read(crate::store::Weight::Scan, |tx| tx.is_empty()).await)
    }

    /// Since when this database is a part of an archive that was not read to its end; nothing may be served from it.
    pub async fn unfinished_import(&self) -> Result<Option<String>, Fault> {
        fault(self.store.read(crate::store::Weight::Point, |tx| tx.unfinished_import()).await)
    }

    async fn restore(&self, batch: &mut Batch, turn: Turn) -> Result<(), Fault> {
        let rows = std::mem::take(&mut batch.rows);
        batch.bytes = 0;
        fault(
            self.store
                .write(move |tx| {
                    rows.iter().try_for_each(|(record, draft)| tx.restore(record, draft.as_ref()))?;
                    match &turn {
                        Turn::Begun(at) => tx.begin_import(at),
                        Turn::Last => tx.end_import(),
                    }
                })
                .await,
        )
    }
}

/// Which transaction of an import it is.
#[derive(Debug, Clone)]
enum Turn {
    /// One that others follow; since when they are written.
    Begun(String),
    /// That after which the database is whole.
    Last,
}

fn written_at() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Writes lines and remembers their digest.
struct Lines<'w, W: Write> {
    out: &'w mut W,
    digest: Sha256,
    records: u64,
}

impl<W: Write> Lines<'_, W> {
    fn all(
        &mut self,
        tx: &mut crate::store::ReadTx<'_>,
        moved: &mut Moved,
        progress: &dyn Fn(u64),
    ) -> Result<(), Broken> {
        let about = About {
            format: FORMAT,
            program: concat!("cenacle ", env!("CARGO_PKG_VERSION")).to_owned(),
            made_at: written_at(),
        };
        self.line(&Head { archive: about })?;
        let mut failed = None;
        let read = tx.every_row(&mut |record| {
            moved.count(&record);
            self.records += 1;
            if self.records.is_multiple_of(500) {
                progress(self.records);
            }
            self.line(&record).map_err(|error| {
                failed = Some(error);
                Error::Fault(Fault::Internal)
            })
        });
        if let Some(error) = failed {
            return Err(error.into());
        }
        read.map_err(|error| Broken::Fault(error.into_fault()))?;
        let sha256 = hex(&std::mem::take(&mut self.digest).finalize());
        let records = self.records;
        self.line(&Tail { end: End { records, sha256 } })?;
        self.out.flush()?;
        Ok(())
    }

    fn line(&mut self, what: &impl Serialize) -> io::Result<()> {
        let mut text = serde_json::to_vec(what)?;
        text.push(b'\n');
        self.digest.update(&text);
        self.out.write_all(&text)
    }
}

/// Reads lines and remembers their digest.
struct Reader<R> {
    input: R,
    digest: Sha256,
    line: u64,
    bytes: u64,
}

impl<R: BufRead> Reader<R> {
    /// The next line with its end; the archive's last line is the last that may be asked for.
    fn next(&mut self) -> Result<String, Broken> {
        self.line += 1;
        let mut text = String::new();
        let read = io::Read::take(&mut self.input, MAX_LINE).read_line(&mut text)?;
        self.bytes += read as u64;
        match read {
            0 => Err(self.wrong("the archive ends early: it was not written to its end")),
            _ if !text.ends_with('\n') => Err(self.wrong("a line that is too long, or cut off")),
            _ => Ok(text),
        }
    }

    fn head(&mut self) -> Result<(), Broken> {
        let text = self.next()?;
        let head: Head = serde_json::from_str(&text).map_err(|_| self.wrong("not an archive of Cenacle"))?;
        if head.archive.format > FORMAT {
            return Err(
                self.wrong(format!("format {} is later than this program's {FORMAT}", head.archive.format))
            );
        }
        self.digest.update(text.as_bytes());
        Ok(())
    }

    fn check(&mut self, end: &End, seen: u64) -> Result<(), Broken> {
        let sha256 = hex(&std::mem::take(&mut self.digest).finalize());
        if end.records != seen || end.sha256 != sha256 {
            return Err(self.wrong("the archive was changed after it was written: its digest differs"));
        }
        Ok(())
    }

    /// Nothing may follow the last line: it would not be in the digest.
    fn is_done(&mut self) -> Result<(), Broken> {
        if self.input.fill_buf()?.is_empty() {
            return Ok(());
        }
        self.line += 1;
        Err(self.wrong("something follows the end of the archive"))
    }

    fn wrong(&self, what: impl std::fmt::Display) -> Broken {
        Broken::Line { line: self.line, what: what.to_string() }
    }
}

/// Rows of the next transaction.
#[derive(Debug, Default)]
struct Batch {
    rows: Vec<(Record, Option<Draft>)>,
    bytes: usize,
}

impl Batch {
    fn is_full(&self) -> bool {
        self.rows.len() >= BATCH || self.bytes >= BATCH_BYTES
    }

    fn add(&mut self, record: Record, bytes: usize, tokens: Tokens, moved: &mut Moved) {
        let draft = match &record {
            Record::Meta(_) | Record::SigningKey(_) if tokens == Tokens::Renew => return,
            Record::Object(object) => match derive(object) {
                Ok(draft) => Some(draft),
                Err(why) => {
                    moved.refused_count += 1;
                    if moved.refused.len() < NAMED {
                        moved
                            .refused
                            .push(format!("{} of collection {}: {why}", object.name, object.collection));
                    }
                    return;
                }
            },
            _ => None,
        };
        moved.count(&record);
        self.bytes += bytes;
        self.rows.push((record, draft));
    }
}

/// What is noted of an item for queries. Limits are those of the server that took it, not today's.
fn derive(object: &ObjectRecord) -> Result<Draft, Fault> {
    let card = object
        .body
        .trim_start_matches('\u{feff}')
        .trim_start()
        .get(..11)
        .is_some_and(|head| head.eq_ignore_ascii_case("BEGIN:VCARD"));
    let kind = if card { CollectionKind::AddressBook } else { CollectionKind::Calendar };
    let limits = Limits {
        resource_bytes: u64::MAX,
        image_bytes: u64::MAX,
        attendees: usize::MAX,
        instances: u64::MAX,
        ..Limits::default()
    };
    let sent = Sent { body: object.body.clone(), media: Media::Unsaid };
    content::draft(&object.name, sent, kind, &limits).map(|(draft, _)| draft)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
