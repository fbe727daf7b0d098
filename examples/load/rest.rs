//! The same questions by REST: what is asked and what must come back, so that a row of DAV has its like beside it.

use crate::data::{self, WEEK_HITS};
use crate::fixed::Fixed;
use crate::http::Answer;
use crate::measure::{Ask, Row, once};
use crate::rows::{self, Built};
use crate::stock::{Members, Stock};
use serde_json::Value;
use std::rc::Rc;

/// The week of [`data::WEEK`] as RFC 3339 writes it.
const WEEK: &str = "from=2026-02-02T00:00:00Z&to=2026-02-09T00:00:00Z";

/// Where REST has a collection: its path below the API's base.
async fn base(on: &Stock) -> Result<String, String> {
    let list = if matches!(on.members, Members::Cards(_)) { "address-books" } else { "calendars" };
    let request = on.account.request("GET", &format!("/api/v1/{list}?limit=1000&fields=id,href"), "", "");
    let (status, _, body) = once(on.address, &request).await?;
    let page: Value = serde_json::from_slice(&body).map_err(|error| format!("{status}: {error}"))?;
    let items = page.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
    let this = items.iter().find(|one| text(one, "href") == on.path);
    let id = this.map(|one| text(one, "id")).ok_or_else(|| format!("{} is not in {page}", on.path))?;
    Ok(format!("/api/v1/{list}/{id}"))
}

fn text<'v>(value: &'v Value, member: &str) -> &'v str {
    value.get(member).and_then(Value::as_str).unwrap_or_default()
}

fn parsed(body: &str) -> Result<Value, String> {
    serde_json::from_str(body).map_err(|error| format!("{error}: {body}"))
}

/// The objects of a week with their entity tags and their content, as the report tells them.
pub async fn week(on: &Rc<Stock>) -> Result<Built, String> {
    let path = format!("{}/events?{WEEK}&fields=id,etag,data&limit=1000", base(on).await?);
    let request = on.account.request("GET", &path, "", "");
    let of = Rc::clone(on);
    rows::built(Fixed::new(vec![request], 200, move |_, body| {
        let page = parsed(body)?;
        let items = page.get("items").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        if items.len() != WEEK_HITS {
            return Err(format!("{} instead of {WEEK_HITS} hits", items.len()));
        }
        for number in rows::of_the_week(&of) {
            let name = of.name(number);
            let one = items.iter().find(|one| text(one, "id") == name);
            let one = one.ok_or_else(|| format!("{name} is missing"))?;
            if text(one, "etag").is_empty() || text(one, "data") != of.body(number) {
                return Err(format!("other content: {one}"));
            }
        }
        Ok(())
    }))
}

/// Changes since now: none.
pub async fn changes_none(on: &Rc<Stock>) -> Result<Built, String> {
    let token = rows::token(on).await?;
    let request = on.account.request("GET", &format!("{}/changes?since={token}", base(on).await?), "", "");
    rows::built(Fixed::new(vec![request], 200, move |_, body| {
        let told = parsed(body)?;
        let none = told.get("changes").and_then(Value::as_array).is_some_and(Vec::is_empty);
        if none && text(&told, "token") == token { Ok(()) } else { Err(body.to_owned()) }
    }))
}

/// Makes events under ids of the server's choice, as many as there is time for.
pub async fn new(on: &Rc<Stock>) -> Result<Built, String> {
    let path = format!("{}/events", base(on).await?);
    rows::built(Post { stock: Rc::clone(on), path, serial: 0 })
}

struct Post {
    stock: Rc<Stock>,
    path: String,
    serial: usize,
}

impl Row for Post {
    fn ask(&mut self, _: usize) -> Option<Ask> {
        self.serial += 1;
        let body = data::fresh(&format!("r{}", self.serial));
        let media = "Content-Type: text/calendar; charset=utf-8\r\n";
        let bytes = self.stock.account.request("POST", &self.path, media, &body);
        Some(Ask { bytes: bytes.into(), key: self.serial })
    }

    fn judge(&mut self, _: usize, answer: Answer<'_>) -> Result<(), String> {
        let body = String::from_utf8_lossy(answer.body);
        if answer.status != 201 {
            return Err(format!("status {} instead of 201: {body}", answer.status));
        }
        answer.etag.ok_or("no entity tag after a POST")?;
        let made = parsed(&body)?;
        let id = text(&made, "id");
        if id.is_empty() {
            return Err(format!("no id: {body}"));
        }
        // Removed with what PUT has added.
        self.stock.extras.borrow_mut().push_back(id.to_owned());
        Ok(())
    }
}
