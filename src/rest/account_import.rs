//! An archive of an account taken back, into the same account or another; or a ZIP archive of calendars and contacts that another program made.
//!
//! The archive waits in a file without a name, for its directory stands at its end; its entries are read one at a time. What is done is told as for a
//! single file, with a line before the items of each collection.

use super::imports::{Load, Manner, taken_apart};
use super::problem::{Problem, Refused};
use super::query::Query;
use super::report::{ArchiveReport, Collection, Report};
use super::{body, report};
use crate::domain::acl::Privilege;
use crate::domain::fault::{Condition, Fault};
use crate::domain::id::PrincipalId;
use crate::http::body::read_to_file;
use crate::http::stream::{self, Pages};
use crate::services::interchange::{
    Described, FORMAT, Fate, Form, Goal, Holds, Intake, MANIFEST, Manifest, Pack, Table, Unpackable,
};
use crate::services::{Actor, Core, labour};
use actix_web::http::header::{CONTENT_ENCODING, HeaderMap};
use actix_web::web::{Data, Payload, ReqData};
use actix_web::{HttpRequest, HttpResponse, post};
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};

/// Octets of an archive.
const MOST: usize = 512 * 1024 * 1024;
/// Archives that are taken in at once on a node: each has a file and one entry unpacked.
const AT_ONCE: usize = 4;
/// Seconds after which who found no place may come again.
const AGAIN: u32 = 30;

/// How long a request waits for others to end, and how long its archive may take to come.
const WAIT: Duration = Duration::from_secs(5);
const UPLOAD: Duration = Duration::from_secs(3_600);

static TURNS: Semaphore = Semaphore::const_new(AT_ONCE);
/// Whose archives are taken in: each has one at a time, so that nobody has all the turns.
static OF: LazyLock<Mutex<HashSet<PrincipalId>>> = LazyLock::new(Mutex::default);

/// A turn of an account.
struct Turn {
    of: PrincipalId,
    _permit: SemaphorePermit<'static>,
}

impl Turn {
    async fn take(of: PrincipalId) -> Result<Turn, Refused> {
        let permit = tokio::time::timeout(WAIT, TURNS.acquire()).await;
        let permit = permit.map_err(|_| Fault::Busy(AGAIN))?.map_err(|_| Fault::Internal)?;
        if !OF.lock().unwrap_or_else(PoisonError::into_inner).insert(of) {
            return Err(Refused::too_many(AGAIN));
        }
        Ok(Turn { of, _permit: permit })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        OF.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.of);
    }
}

/// Something to be done, in its order.
enum Step {
    /// The collection that the next files go into.
    Collection(Box<Goal>),
    /// The entry with this number.
    File(usize, Form),
    /// An entry that is none of ours.
    Left(usize),
    /// A file that the archive names and has not.
    Absent(String),
}

/// An archive under way.
struct Restore {
    core: Core,
    actor: Actor,
    manner: Manner,
    report: Report,
    /// None while an entry is read.
    pack: Option<Pack>,
    steps: VecDeque<Step>,
    /// Takes the next files in; none where their collection is not to be had.
    intake: Option<Intake>,
    load: Option<Load>,
    /// Collections of each home that a trial would have made.
    made: [usize; 2],
    complete: bool,
    _turn: Turn,
}

impl Pages for Restore {
    const GATHERED: usize = 0;

    async fn next(&mut self, out: &mut String) -> Result<bool, Fault> {
        let done = match self.load.take() {
            Some(load) => self.go_on(load, out).await,
            None => match self.steps.pop_front() {
                Some(step) => self.step(step, out).await,
                None => {
                    self.report.end(self.complete, out);
                    return Ok(false);
                }
            },
        };
        if let Err(fault) = done {
            self.report.broken(fault.to_string(), out);
            self.report.end(false, out);
            return Ok(false);
        }
        Ok(true)
    }
}

impl Restore {
    async fn go_on(&mut self, mut load: Load, out: &mut String) -> Result<(), Fault> {
        if load.some(&self.core, &self.actor, &mut self.report, out).await? {
            self.load = Some(load);
        } else {
            self.intake = Some(load.end());
        }
        Ok(())
    }

    async fn step(&mut self, step: Step, out: &mut String) -> Result<(), Fault> {
        match step {
            Step::Collection(goal) => self.collection(&goal, out).await,
            Step::File(at, form) => self.file(at, form, out).await,
            Step::Left(at) => {
                let name = self.name(at);
                report::push(out, &report::File { file: &name, fate: "ignored", why: None });
                Ok(())
            }
            Step::Absent(name) => {
                self.refuse(&name, "it is not in the archive".to_owned(), out);
                Ok(())
            }
        }
    }

    /// Finds or makes the collection. What is wrong with one does not stop the others.
    async fn collection(&mut self, goal: &Goal, out: &mut String) -> Result<(), Fault> {
        self.intake = None;
        let home = usize::from(goal.holds == Holds::Cards);
        let made = self.made.iter().copied().nth(home).unwrap_or(0);
        let trial = self.manner.dry_run.then_some(made);
        let reached = match self.core.reach(&self.actor, goal, self.manner.known, trial).await {
            Ok(reached) => reached,
            Err(fault @ (Fault::Busy(_) | Fault::Internal | Fault::Unauthenticated)) => return Err(fault),
            Err(fault) => {
                self.complete = false;
                report::push(out, &Collection::refused(&goal.name, fault.to_string()));
                return Ok(());
            }
        };
        if reached.fate == Fate::Created {
            self.made.iter_mut().skip(home).take(1).for_each(|made| *made += 1);
        }
        let id = reached.id.map(|id| id.to_string());
        report::push(out, &Collection::reached(&goal.name, &reached.fate, id));
        self.intake = Some(reached.intake);
        Ok(())
    }

    /// Reads an entry and begins with its items.
    async fn file(&mut self, at: usize, form: Form, out: &mut String) -> Result<(), Fault> {
        let name = self.name(at);
        let Some(intake) = self.intake.take() else {
            self.refuse(&name, "its collection is not to be had".to_owned(), out);
            return Ok(());
        };
        let mut pack = self.pack.take().ok_or(Fault::Internal)?;
        let read = labour::of(usize::MAX, move || {
            let parts = match pack.read(at) {
                Ok(bytes) => {
                    taken_apart(form, &bytes, None, &Table::default()).map_err(|fault| fault.to_string())
                }
                Err(unpackable) => Err(unpackable.to_string()),
            };
            (pack, parts)
        });
        let (pack, parts) = read.await?;
        self.pack = Some(pack);
        match parts {
            Ok(parts) => {
                report::push(out, &report::File { file: &name, fate: "read", why: None });
                self.load = Some(Load::begin(intake, parts, &mut self.report, out));
            }
            Err(why) => {
                self.intake = Some(intake);
                self.refuse(&name, why, out);
            }
        }
        Ok(())
    }

    fn refuse(&mut self, file: &str, why: String, out: &mut String) {
        self.complete = false;
        report::push(out, &report::File { file, fate: "refused", why: Some(why) });
    }

    fn name(&self, at: usize) -> String {
        let entry = self.pack.as_ref().and_then(|pack| pack.entries().get(at));
        entry.map(|entry| entry.name.clone()).unwrap_or_default()
    }
}

/// The form that the ending of a name says.
fn form(name: &str) -> Option<Form> {
    // What the Finder adds to archives has the names of the files, with a dot before them.
    if name.rsplit('/').next().is_none_or(|last| last.starts_with('.')) {
        return None;
    }
    match name.rsplit_once('.')?.1.to_ascii_lowercase().as_str() {
        "ics" | "ical" | "icalendar" => Some(Form::ICalendar),
        "vcf" | "vcard" => Some(Form::VCard(None)),
        "csv" => Some(Form::Csv),
        _ => None,
    }
}

/// What is to be done with an archive: its own list first, then the files that it does not name, each kind and name into one collection.
fn steps(pack: &Pack, manifest: Option<Manifest>) -> VecDeque<Step> {
    let mut left: HashMap<&str, usize> = HashMap::new();
    for (at, entry) in pack.entries().iter().enumerate() {
        left.entry(&entry.name).or_insert(at);
    }
    left.remove(MANIFEST);
    let mut steps = VecDeque::new();
    for mut described in manifest.map(|manifest| manifest.collections).unwrap_or_default() {
        let files = std::mem::take(&mut described.files);
        let Some(goal) = Described::goal(described) else { continue };
        let form = if goal.holds == Holds::Cards { Form::VCard(None) } else { Form::ICalendar };
        steps.push_back(Step::Collection(Box::new(goal)));
        for file in files {
            steps.push_back(match left.remove(file.as_str()) {
                Some(at) => Step::File(at, form),
                None => Step::Absent(file),
            });
        }
    }
    let mut loose: Vec<(Goal, Vec<Step>)> = Vec::new();
    for (at, entry) in pack.entries().iter().enumerate() {
        if left.get(entry.name.as_str()) != Some(&at) {
            continue;
        }
        let Some(form) = form(&entry.name) else {
            steps.push_back(Step::Left(at));
            continue;
        };
        let last = entry.name.rsplit('/').next().unwrap_or_default();
        let goal = Goal::named(form.holds(), last.rsplit_once('.').map_or(last, |(stem, _)| stem));
        let step = Step::File(at, form);
        match loose.iter_mut().find(|(known, _)| known.holds == goal.holds && known.name == goal.name) {
            Some((_, files)) => files.push(step),
            None => loose.push((goal, vec![step])),
        }
    }
    for (goal, files) in loose {
        steps.push_back(Step::Collection(Box::new(goal)));
        steps.extend(files);
    }
    steps
}

/// Opens an archive and reads what it says of its collections.
fn opened(file: std::fs::File) -> Result<(Pack, VecDeque<Step>), Refused> {
    let refused = |why: Unpackable| Refused::at("", why.to_string());
    let mut pack = Pack::open(file).map_err(refused)?;
    let listed = pack.entries().iter().position(|entry| entry.name == MANIFEST);
    let manifest = match listed {
        None => None,
        Some(at) => {
            let bytes = pack.read(at).map_err(refused)?;
            let manifest: Manifest = serde_json::from_slice(&bytes)
                .map_err(|error| Refused::at("", format!("{MANIFEST}: {error}")))?;
            if manifest.format > FORMAT {
                return Err(Refused::at("", format!("{MANIFEST}: of a later version")));
            }
            Some(manifest)
        }
    };
    let steps = steps(&pack, manifest);
    Ok((pack, steps))
}

async fn import(
    core: &Core,
    actor: &Actor,
    headers: &HeaderMap,
    mut query: Query,
    payload: &mut Payload,
) -> Result<HttpResponse, Refused> {
    let manner = Manner::take(&mut query)?;
    query.end()?;
    // Collections are made and found in the actor's own homes only, by a proof that opens more than one of them.
    if !actor.scope.write || actor.scope.collection.is_some() {
        let privilege = Privilege::Bind;
        return Err(Fault::from(Condition::NeedPrivileges { href: String::new(), privilege }).into());
    }
    if headers.contains_key(CONTENT_ENCODING) {
        return Err(Refused::from(Fault::UnsupportedMediaType).field("Content-Encoding"));
    }
    if !matches!(body::media(headers).as_deref(), Some("application/zip" | "application/x-zip-compressed")) {
        return Err(Refused::from(Fault::UnsupportedMediaType).field("Content-Type"));
    }
    let turn = Turn::take(actor.id).await?;
    let file = tokio::time::timeout(UPLOAD, read_to_file(payload, MOST)).await;
    let file = file.map_err(|_| Fault::BadRequest("the body came too slowly".into()))??;
    let (pack, steps) = labour::of(usize::MAX, move || opened(file)).await??;
    let restore = Restore {
        core: core.clone(),
        actor: actor.clone(),
        manner,
        report: Report::new(manner.told, manner.dry_run),
        pack: Some(pack),
        steps,
        intake: None,
        load: None,
        made: [0, 0],
        complete: true,
        _turn: turn,
    };
    Ok(stream::answer(report::answer(), restore).await?)
}

/// Take an archive of an account in
///
/// Of `/export`, of this account or another, or any ZIP archive of `.ics`, `.vcf` and `.csv` files: each goes into the calendar or address book of its name.
/// Collections that are not there are made; of those that are, `known=replace` sets what the archive says of them. The answer is lines of JSON, as that of
/// a single file, with one before the items of each collection and file (`ImportCollection`).
#[utoipa::path(
    params(
        ("known" = Option<String>, Query, description = "What becomes of collections and items that are there already: `skip` (as where absent) or `replace`"),
        ("dryRun" = Option<bool>, Query, description = "Store nothing, tell what would be"),
        ("report" = Option<String>, Query, description = "Which items are told one by one: `all` (as where absent) or `refused`"),
    ),
    request_body(content = String, content_type = "application/zip"),
    responses(
        (status = 200, description = "A line for each collection and item", body = ArchiveReport, content_type = "application/x-ndjson"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "imports and exports"
)]
#[post("/import")]
pub async fn account(
    core: Data<Core>,
    actor: ReqData<Actor>,
    query: Query,
    request: HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Refused> {
    import(&core, &actor, request.headers(), query, &mut payload).await
}
