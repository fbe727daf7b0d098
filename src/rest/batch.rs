//! Many writes in one request: all of them are done, or none.

use super::items::{CONTACTS, EVENTS, Members, TASKS};
use super::path::{self, OfItem};
use super::problem::{Problem, Refused};
use super::{body, conditions, edits, forms, once};
use crate::domain::fault::Fault;
use crate::domain::id::{CollectionId, ObjectName};
use crate::domain::precondition::{Preconditions, Tags};
use crate::services::access::Place;
use crate::services::batch::{Step, Undone};
use crate::services::items::Named;
use crate::services::transfer::{ItemPlace, Transfer};
use crate::services::{Access, Actor, Core};
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue, IF_MATCH, IF_NONE_MATCH};
use actix_web::web::{Data, Payload, ReqData};
use actix_web::{HttpRequest, HttpResponse, post};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::HashMap;
use utoipa::ToSchema;

/// Operations of one request: they hold the homes that they write to until all are done.
const MOST: usize = 200;
/// Octets of one request.
const MOST_BYTES: usize = 16 * 1024 * 1024;

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase", expecting = "create, replace, delete, move or copy")]
enum Op {
    Create,
    Replace,
    Delete,
    Move,
    Copy,
}

/// One operation.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", expecting = "an object")]
struct Operation {
    op: Op,
    /// The address below `/api/v1`: of the items for `create`, else of the item.
    #[schema(example = "/calendars/0d5kq2t80002f/events/reunion-42.ics")]
    path: String,
    /// Media type of `data`.
    #[schema(example = "text/calendar")]
    media_type: Option<String>,
    /// The item, for `create` and `replace`: a text, or JSON where the media type is of JSON.
    data: Option<Value>,
    /// As the header.
    if_match: Option<String>,
    /// As the header.
    if_none_match: Option<String>,
    /// The collection that it goes to, for `move` and `copy`.
    to: Option<String>,
    /// Its id there; the same where it is not given.
    id: Option<String>,
    /// Whether one of that id there is replaced.
    #[serde(default)]
    overwrite: bool,
}

/// What is to be done, in this order.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub struct BatchRequest {
    #[schema(max_items = 200)]
    operations: Vec<Operation>,
}

/// What an operation did.
#[derive(Debug, Serialize, ToSchema)]
struct OperationResult {
    op: Op,
    /// The item's address below `/api/v1`; null where it is gone.
    path: Option<String>,
    /// Its id; null where it is gone.
    id: Option<String>,
    /// Its entity tag, quotes included; null where it is gone.
    etag: Option<String>,
    /// Whether it is new there.
    created: bool,
}

/// What the operations did, in their order.
#[derive(Debug, Serialize, ToSchema)]
struct BatchResult {
    results: Vec<OperationResult>,
}

/// An operation with what its path names.
struct Aimed {
    op: Op,
    members: Members,
    collection: CollectionId,
}

/// Names the operation that is at fault, and what of it.
fn at(number: usize, member: &str, refused: Refused) -> Refused {
    // Of JSON the member at fault is known more closely.
    let inner = match (member, refused.problem().field()) {
        ("/data", Some(pointer)) if pointer.starts_with('/') => pointer.to_owned(),
        _ => String::new(),
    };
    refused.field(&format!("/operations/{number}{member}{inner}"))
}

fn wrong(member: &'static str, why: &str) -> (&'static str, Refused) {
    (member, Refused::at("", why))
}

/// What is at fault in an operation, and why.
type Wrong = (&'static str, Refused);

/// Reads operations into steps; looks each collection up once.
struct Reader<'r> {
    core: &'r Core,
    actor: &'r Actor,
    known: HashMap<CollectionId, Access>,
}

impl Reader<'_> {
    async fn access(&mut self, members: Members, id: CollectionId) -> Result<Access, Refused> {
        if let Some(access) = self.known.get(&id).filter(|access| access.collection().kind == members.of.kind)
        {
            return Ok(access.clone());
        }
        let access = members.of.find(self.core, self.actor, id).await?;
        self.known.insert(id, access.clone());
        Ok(access)
    }

    async fn step(&mut self, operation: Operation) -> Result<(Aimed, Step), Wrong> {
        let nothing = || ("/path", Refused::from(Fault::NotFound));
        let (members, of) = aim(&operation.path, operation.op == Op::Create).ok_or_else(nothing)?;
        let access = self.access(members, of.collection).await.map_err(|refused| ("/path", refused))?;
        let conditions = conditions(&operation)?;
        let place = access.place();
        let step = match operation.op {
            Op::Create | Op::Replace => {
                return self.put(operation, members, of, place, conditions).await;
            }
            Op::Delete => Step::Delete { place, name: of.name, kind: members.kind, conditions },
            Op::Move | Op::Copy => {
                let none = || ("/to", Refused::from(Fault::Conflict("the target collection does not exist")));
                let to = operation.to.as_deref().and_then(CollectionId::parse).ok_or_else(none)?;
                let into = self.access(members, to).await.map_err(|_| none())?;
                let name = match &operation.id {
                    None => of.name.clone(),
                    Some(name) => ObjectName::parse(name)
                        .map(|name| name.as_str().to_owned())
                        .ok_or_else(|| wrong("/id", "cannot be the name of an item"))?,
                };
                let aimed = Aimed { op: operation.op, members, collection: to };
                let step = Step::Transfer(Transfer {
                    from: ItemPlace { place, name: of.name },
                    to: ItemPlace { place: into.place(), name },
                    moves: operation.op == Op::Move,
                    overwrite: operation.overwrite,
                    kind: Some(members.kind),
                    conditions,
                    request: None,
                });
                return Ok((aimed, step));
            }
        };
        Ok((Aimed { op: operation.op, members, collection: of.collection }, step))
    }
}

impl Reader<'_> {
    /// A step that stores an item: in the text or in jCal or jCard as it is, in JSCalendar or JSContact by changing what is there.
    async fn put(
        &self,
        operation: Operation,
        members: Members,
        of: OfItem,
        place: Place,
        conditions: Preconditions,
    ) -> Result<(Aimed, Step), Wrong> {
        let home = members.of.home;
        let aimed = Aimed { op: operation.op, members, collection: of.collection };
        let (name, kind, into) = (of.name, members.kind, members.of.kind);
        let media = operation.media_type.as_deref().map(str::to_ascii_lowercase);
        let data = operation.data.ok_or_else(|| wrong("/data", "is missing"))?;
        let is_json = edits::is_said_by(media.as_deref(), home);
        if is_json && operation.op == Op::Replace {
            if !data.is_object() {
                return Err(wrong("/data", "must be a JSON object"));
            }
            let rewrite = edits::rewrite(data, home, self.core.now());
            return Ok((aimed, Step::Edit { place, name, kind, into, conditions, rewrite }));
        }
        let sent = if is_json {
            let bytes = data.to_string().len();
            let made = edits::fresh(data, home, self.core.now(), bytes).await;
            made.map_err(|refused| ("/data", refused))?
        } else {
            let text = match data {
                Value::String(text) => text,
                other => other.to_string(),
            };
            let read = forms::read(media.as_deref(), text, home).await;
            read.map_err(|refused| ("/mediaType", refused))?.0
        };
        let conditions = match operation.op {
            Op::Create => Preconditions { if_none_match: Some(Tags::Any), ..Preconditions::default() },
            _ => conditions,
        };
        Ok((aimed, Step::Put { place, name, sent, kind, into, conditions }))
    }
}

/// The items that a path below the base is about, and the one that it names; a new name for a path of all of them.
fn aim(below: &str, all: bool) -> Option<(Members, OfItem)> {
    let mut segments = below.strip_prefix('/')?.split('/');
    let (list, id, segment) = (segments.next()?, segments.next()?, segments.next()?);
    let known = [EVENTS, TASKS, CONTACTS];
    let members =
        known.into_iter().find(|members| members.of.segment == list && members.segment == segment)?;
    let collection = CollectionId::parse(id)?;
    let name = match (segments.next(), all) {
        (None, true) => members.new_name(),
        (Some(name), false) => path::name(name)?,
        _ => return None,
    };
    segments.next().is_none().then_some((members, OfItem { collection, name }))
}

fn conditions(operation: &Operation) -> Result<Preconditions, Wrong> {
    let mut headers = HeaderMap::new();
    let mut add = |name: HeaderName, value: &Option<String>, member| match value
        .as_deref()
        .map(HeaderValue::from_str)
    {
        None => Ok(()),
        Some(Ok(value)) => {
            headers.insert(name, value);
            Ok(())
        }
        Some(Err(_)) => Err(wrong(member, "is not a list of entity tags")),
    };
    add(IF_MATCH, &operation.if_match, "/ifMatch")?;
    add(IF_NONE_MATCH, &operation.if_none_match, "/ifNoneMatch")?;
    conditions::of_item(&headers).map_err(|refused| ("", refused))
}

fn result(aimed: &Aimed, named: Option<Named>) -> OperationResult {
    let id = aimed.collection.to_string();
    let path = |name: &str| {
        let whole = path::to(&[aimed.members.of.segment, &id, aimed.members.segment, name]);
        whole.strip_prefix(super::BASE).unwrap_or_default().to_owned()
    };
    OperationResult {
        op: aimed.op,
        path: named.as_ref().map(|named| path(&named.name)),
        etag: named.as_ref().map(|named| named.stored.etag.quoted()),
        created: named.as_ref().is_some_and(|named| named.stored.created),
        id: named.map(|named| named.name),
    }
}

/// Do many things at once
///
/// All of them in one transaction and in their order, or none: then `field` names the operation that is the reason. What one operation stores the next one finds.
#[utoipa::path(
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes it safe to send the request again: nothing is done twice")),
    request_body = BatchRequest,
    responses(
        (status = 200, description = "All is done", body = BatchResult),
        (status = "4XX", description = "Nothing is done", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "batch"
)]
#[post("/batch")]
pub async fn run(
    core: Data<Core>,
    actor: ReqData<Actor>,
    request: HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Refused> {
    let bytes = body::bytes(request.headers(), &mut payload, MOST_BYTES).await?;
    let asked = once::of(&request, &bytes)?;
    let batch: BatchRequest = body::parse(bytes).await?;
    if batch.operations.len() > MOST {
        return Err(Refused::at("/operations", format!("more than {MOST}")));
    }
    let mut reader = Reader { core: &core, actor: &actor, known: HashMap::new() };
    let (mut aims, mut steps) = (Vec::new(), Vec::new());
    for (number, operation) in batch.operations.into_iter().enumerate() {
        let step = reader.step(operation).await;
        let (aimed, step) = step.map_err(|(member, refused)| at(number, member, refused))?;
        aims.push(aimed);
        steps.push(step);
    }
    match core.batch(&actor, steps, asked).await {
        Ok(done) => {
            let results = aims.iter().zip(done).map(|(aimed, named)| result(aimed, named)).collect();
            Ok(HttpResponse::Ok().json(BatchResult { results }))
        }
        Err(Undone { at: Some(number), field, fault }) => {
            Err(Refused::from(fault).field(&format!("/operations/{number}{field}")))
        }
        Err(Undone { at: None, fault, .. }) => Err(fault.into()),
    }
}
