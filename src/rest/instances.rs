//! One instance of a series of events or tasks: read, changed, cancelled, restored; with it, where that is asked for, those that follow or all.
//!
//! An instance is named by its `recurrenceId`, as windows tell it. What is done to it is an edit of the item's text
//! (`text/jscalendar`): the rest of its bytes stay. `event_instances` and `task_instances` have the addresses. RFC 8984 §4.3.5,
//! RFC 5545 §3.8.4.4.

use super::forms::{self, Form};
use super::items::{Members, stale};
use super::path::OfInstance;
use super::problem::Refused;
use super::query::Query;
use super::writes::Written;
use super::{conditions, edits, once};
use crate::domain::collection::HomeKind;
use crate::domain::fault::Fault;
use crate::domain::precondition::Preconditions;
use crate::http::tags;
use crate::services::conditions::known_change;
use crate::services::edits::{Done, Edit, Edited, Editing};
use crate::services::idempotency::Once;
use crate::services::{Actor, Core, labour};
use crate::text::jscalendar::{self, Change, Found, Refused as Unkept, Split};
use actix_web::http::header::{ETAG, HeaderMap, LOCATION, VARY};
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use serde_json::{Value, json};
use std::sync::Arc;
use utoipa::ToSchema;

/// What a change of an instance is to reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ToSchema)]
#[schema(rename_all = "lowercase")]
pub enum Reach {
    /// This one.
    This,
    /// This one and those behind it.
    Following,
    /// All of the series.
    All,
}

impl Reach {
    fn take(mut query: Query) -> Result<Self, Refused> {
        let reach = match query.text("reach").as_deref() {
            None | Some("this") => Reach::This,
            Some("following") => Reach::Following,
            Some("all") => Reach::All,
            Some(_) => return Err(Refused::at("reach", "must be this, following or all")),
        };
        query.end()?;
        Ok(reach)
    }
}

/// A series that was written.
#[derive(Debug, Serialize, ToSchema)]
pub struct SeriesWritten {
    /// The item's name in the collection.
    #[schema(example = "0197c3a4-7d1e-7a31-9c55-0c1f8e1f2a11.ics")]
    id: String,
    /// Its entity tag, quotes included.
    etag: String,
    /// The new item that the series goes on in from the instance on, where it was split.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    following: Option<Written>,
}

/// Why nothing was done to an instance.
#[derive(Debug)]
enum Why {
    Absent,
    NoSeries,
    Unkept(Unkept),
}

impl From<Unkept> for Why {
    fn from(unkept: Unkept) -> Self {
        Why::Unkept(unkept)
    }
}

impl From<Why> for Refused {
    fn from(why: Why) -> Self {
        match why {
            Why::Absent => Fault::NotFound.into(),
            Why::NoSeries => {
                Fault::Conflict("the item is no series: it is read and changed as a whole").into()
            }
            Why::Unkept(unkept) => edits::refused(unkept, HomeKind::Calendars),
        }
    }
}

/// Looks whether the text has the instance.
fn look(text: &str, recurrence_id: &str) -> Result<(), Why> {
    match jscalendar::find(text, recurrence_id)? {
        Found::There => Ok(()),
        Found::Absent => Err(Why::Absent),
        Found::NoSeries => Err(Why::NoSeries),
    }
}

/// A text, or what was made of it with the time of the change.
fn dated(before: &str, after: String, now: i64) -> Result<String, Unkept> {
    if after == before {
        return Ok(after);
    }
    jscalendar::patch(&after, &edits::dated(&Change::Merge(json!({})), now))
}

/// `name` is for the new item, where the series is split.
fn changing(recurrence_id: String, reach: Reach, plain: Change, name: String, now: i64) -> Arc<Edit<Why>> {
    let dated_change = edits::dated(&plain, now);
    let uid = uuid::Uuid::now_v7().to_string();
    Arc::new(move |text: &str| {
        look(text, &recurrence_id)?;
        let one = match reach {
            Reach::This => jscalendar::change_instance,
            Reach::All => jscalendar::change_all_from,
            Reach::Following => {
                let split = jscalendar::change_following_from(text, &recurrence_id, &dated_change, &uid)?;
                return Ok(match split {
                    Split::Whole(text) => Edited::Text(text),
                    Split::Two { before, after } => {
                        Edited::Two { text: dated(text, before, now)?, name: name.clone(), beside: after }
                    }
                });
            }
        };
        let changed = one(text, &recurrence_id, &plain)?;
        if changed == text {
            return Ok(Edited::Text(changed));
        }
        Ok(Edited::Text(one(text, &recurrence_id, &dated_change)?))
    })
}

fn cancelling(recurrence_id: String, reach: Reach, now: i64) -> Arc<Edit<Why>> {
    Arc::new(move |text: &str| {
        look(text, &recurrence_id)?;
        let left = match reach {
            Reach::This => Some(jscalendar::cancel(text, &recurrence_id)?),
            Reach::Following => jscalendar::end_before(text, &recurrence_id)?,
            Reach::All => None,
        };
        Ok(match left {
            Some(left) => Edited::Text(dated(text, left, now)?),
            None => Edited::Gone,
        })
    })
}

fn restoring(recurrence_id: String, reach: Reach, now: i64) -> Arc<Edit<Why>> {
    Arc::new(move |text: &str| {
        look(text, &recurrence_id)?;
        let restored = match reach {
            Reach::This => jscalendar::restore(text, &recurrence_id)?,
            Reach::Following => jscalendar::restore_from(text, Some(&recurrence_id))?,
            Reach::All => jscalendar::restore_from(text, None)?,
        };
        Ok(Edited::Text(dated(text, restored, now)?))
    })
}

impl Members {
    /// Makes an edit of the item that an instance is of, and tells what is stored.
    async fn edit_series(
        self,
        core: &Core,
        actor: &Actor,
        of: &OfInstance,
        conditions: Preconditions,
        request: Option<Once>,
        edit: Arc<Edit<Why>>,
    ) -> Result<HttpResponse, Refused> {
        let access = self.of.find(core, actor, of.item.collection).await?;
        let place = access.place();
        let editing = Editing { place: &place, name: &of.item.name, kind: self.kind, conditions, request };
        let done = match core.edit_item(actor, editing, edit).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(why)) => Err(why.into()),
            Err(fault) => Err(fault.into()),
        };
        let Done { item, beside } = self.or_stale(core, actor, &of.item, done).await?;
        let Some(item) = item else { return Ok(HttpResponse::NoContent().finish()) };
        let mut answer = HttpResponse::Ok();
        if let Some(beside) = &beside {
            answer.insert_header((LOCATION, self.location(of.item.collection, &beside.name)));
        }
        let following = beside.map(Written::from);
        Ok(answer.json(SeriesWritten { etag: item.stored.etag.quoted(), id: item.name, following }))
    }

    /// Tells an instance.
    pub async fn read_instance(
        self,
        core: &Core,
        actor: &Actor,
        of: OfInstance,
        query: Query,
        headers: &HeaderMap,
    ) -> Result<HttpResponse, Refused> {
        query.end()?;
        let (access, object, _room) = self.find(core, actor, &of.item).await?;
        let media = Form::of_instance(forms::accepted(headers).as_deref())?;
        let form =
            if media == jscalendar::MEDIA_TYPE { Form::JSCalendar } else { Form::Json(HomeKind::Calendars) };
        let etag = tags::form_tag(form.tag(), &object.etag.0);
        let (body, recurrence_id) = (object.body.clone(), of.recurrence_id);
        let telling = move || -> Result<Value, Why> {
            look(&body, &recurrence_id)?;
            Ok(jscalendar::read_instance(&body, &recurrence_id)?)
        };
        let instance = labour::of(object.body.len(), telling).await??;
        let wanted = Preconditions { if_none_match: None, ..conditions::of_item(headers)? };
        let held = core.hold_for_read(actor, wanted, &access, &object).await;
        held.map_err(|fault| stale(fault.into(), &object))?;
        let mut answer = HttpResponse::Ok();
        if tags::not_modified(headers, &etag, known_change(actor, &access, &object)) {
            answer = HttpResponse::NotModified();
            return Ok(answer.insert_header((ETAG, etag)).insert_header((VARY, "Accept")).finish());
        }
        answer.insert_header((ETAG, etag)).insert_header((VARY, "Accept")).content_type(media);
        Ok(answer.body(instance.to_string()))
    }

    /// Changes an instance, or with it those that `reach` says.
    pub async fn change_instance(
        self,
        core: &Core,
        actor: &Actor,
        of: &OfInstance,
        query: Query,
        request: &HttpRequest,
        payload: &mut Payload,
    ) -> Result<HttpResponse, Refused> {
        let reach = Reach::take(query)?;
        self.of.find(core, actor, of.item.collection).await?;
        let body = self.body(core, request.headers(), payload).await?;
        let asked = once::of(request, body.as_bytes())?;
        let wanted = self.change_of(request.headers(), body).await?;
        let conditions = conditions::of_item(request.headers())?;
        let changing = changing(of.recurrence_id.clone(), reach, wanted, self.new_name(), core.now());
        self.edit_series(core, actor, of, conditions, asked, changing).await
    }

    /// Cancels an instance, or with it those that `reach` says.
    pub async fn cancel_instance(
        self,
        core: &Core,
        actor: &Actor,
        of: &OfInstance,
        query: Query,
        request: &HttpRequest,
    ) -> Result<HttpResponse, Refused> {
        let reach = Reach::take(query)?;
        let conditions = conditions::of_item(request.headers())?;
        let asked = once::of(request, b"")?;
        let cancelling = cancelling(of.recurrence_id.clone(), reach, core.now());
        self.edit_series(core, actor, of, conditions, asked, cancelling).await
    }

    /// Makes an instance, or with it those that `reach` says, what the series has it be.
    pub async fn restore_instance(
        self,
        core: &Core,
        actor: &Actor,
        of: &OfInstance,
        query: Query,
        request: &HttpRequest,
    ) -> Result<HttpResponse, Refused> {
        let reach = Reach::take(query)?;
        let conditions = conditions::of_item(request.headers())?;
        let asked = once::of(request, b"")?;
        let restoring = restoring(of.recurrence_id.clone(), reach, core.now());
        self.edit_series(core, actor, of, conditions, asked, restoring).await
    }
}
