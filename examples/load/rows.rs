//! The rows of the table: what is asked, and what must come back.

use crate::data::{self, MONTH, MONTH_PERIODS, WEEK, WEEK_HITS};
use crate::fixed::Fixed;
use crate::measure::{Row, once};
use crate::rest;
use crate::stock::{Delete, Members, Put, PutEither, PutNew, Stock};
use crate::xml::{element, responses};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

const NAMESPACES: &str = "xmlns:D=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:caldav\" xmlns:R=\"urn:ietf:params:xml:ns:carddav\" \
    xmlns:S=\"http://calendarserver.org/ns/\"";
const XML: &str = "Content-Type: application/xml; charset=utf-8\r\n";
/// Different members that are asked for in a row.
const SAMPLE: usize = 2000;
/// Different lists of a multiget, and different searches.
const LISTS: usize = 32;
/// Hrefs of a multiget.
const HREFS: usize = 50;

/// A row that can be measured.
pub type Built = Rc<RefCell<dyn Row>>;

/// A row that others may hold.
pub fn built(row: impl Row + 'static) -> Result<Built, String> {
    Ok(Rc::new(RefCell::new(row)))
}

/// Makes the row of this name on a collection, with what it needs to be right.
pub async fn build(id: &str, on: &Rc<Stock>) -> Result<Built, String> {
    match id {
        "get" => get(on, 200),
        "304" => get(on, 304),
        "poll" => poll(on),
        "sync-none" => sync_none(on).await,
        "sync-10" => sync_ten(on).await,
        "rest-week" => rest::week(on).await,
        "rest-sync-none" => rest::changes_none(on).await,
        "rest-new" => rest::new(on).await,
        "put-new" => built(PutNew::new(on, usize::MAX)),
        "put-update" => built(Put::update(on)),
        "delete" => built(Delete::new(on)),
        "card-put" => built(PutEither::new(on)),
        "week" => week(on, "<C:calendar-data/>"),
        "week-expand" => week(
            on,
            &format!(
                "<C:calendar-data><C:expand start=\"{}\" end=\"{}\"/></C:calendar-data>",
                WEEK.0, WEEK.1
            ),
        ),
        "freebusy" => freebusy(on),
        "list" => list(on),
        "first-sync" => first_sync(on),
        "multiget" => multiget(on, HREFS),
        "card-search" => card_search(on),
        other => Err(format!("there is no row '{other}'")),
    }
}

/// Members spread over the whole collection.
fn sample(on: &Stock, most: usize) -> Vec<usize> {
    let count = on.members.count();
    let step = 7919;
    let wanted = most.min(count);
    let numbers: BTreeSet<usize> = (0..wanted).map(|turn| turn * step % count).collect();
    numbers.into_iter().collect()
}

/// Whether a report gave what was stored. XML turns a lone carriage return into a line feed; and rivals write content anew, in an order
/// and with escapes of their own: there it must be the same item in the same state.
fn same(on: &Stock, found: &str, wanted: &str) -> Result<(), String> {
    let plain = |text: &str| text.replace('\r', "");
    let marks = |text: &str| -> Vec<String> {
        let lines = plain(text).replace("\n ", "");
        let telling = |line: &&str| {
            line.starts_with("UID:") || line.starts_with("SEQUENCE:") || line.starts_with("FN:")
        };
        lines.lines().filter(telling).map(str::to_owned).collect()
    };
    let mut right = found == wanted || plain(found) == plain(wanted);
    if !right && on.lenient {
        let (mut told, mut stored) = (marks(found), marks(wanted));
        told.sort_unstable();
        stored.sort_unstable();
        right = told == stored;
    }
    if right { Ok(()) } else { Err(format!("other content: {found}")) }
}

fn get(on: &Rc<Stock>, status: u16) -> Result<Built, String> {
    let numbers = sample(on, SAMPLE);
    let etags = on.etags.borrow();
    let request = |number: &usize| {
        let condition = match etags.get(*number) {
            Some(etag) if status == 304 => format!("If-None-Match: {etag}\r\n"),
            _ => String::new(),
        };
        on.on("GET", &on.name(*number), &condition, "")
    };
    let requests = numbers.iter().map(request).collect();
    let wanted: Vec<String> =
        if status == 304 { Vec::new() } else { numbers.iter().map(|number| on.body(*number)).collect() };
    let (of, lenient) = (Rc::clone(on), on.lenient);
    built(Fixed::new(requests, status, move |key, body| {
        let wanted = wanted.get(key).map_or("", String::as_str);
        if body == wanted || lenient && same(&of, body, wanted).is_ok() {
            Ok(())
        } else {
            Err(format!("other bytes: {body}"))
        }
    }))
}

fn propfind(props: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><D:propfind {NAMESPACES}><D:prop>{props}</D:prop></D:propfind>"
    )
}

fn poll(on: &Rc<Stock>) -> Result<Built, String> {
    let body = propfind("<S:getctag/><D:sync-token/>");
    let request = on.request("PROPFIND", &format!("Depth: 0\r\n{XML}"), &body);
    built(Fixed::new(vec![request], 207, |_, body| {
        let found = |local| element(&mut { body }, local).is_some_and(|text| !text.is_empty());
        if responses(body).len() == 1 && found("getctag") && found("sync-token") {
            Ok(())
        } else {
            Err(body.to_owned())
        }
    }))
}

/// A home with five collections that nothing changes in; `path` is the home's.
pub fn home(account: &crate::http::Account, path: &str, least: usize) -> Result<Built, String> {
    let body = propfind("<D:resourcetype/><S:getctag/><D:sync-token/>");
    let request = account.request("PROPFIND", path, &format!("Depth: 1\r\n{XML}"), &body);
    built(Fixed::new(vec![request], 207, move |_, body| {
        let tokens = body.matches("sync-token>").count() / 2;
        if responses(body).len() == 6 && tokens >= least { Ok(()) } else { Err(body.to_owned()) }
    }))
}

fn sync(on: &Stock, token: &str) -> Vec<u8> {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><D:sync-collection {NAMESPACES}><D:sync-token>{token}</D:sync-token>\
         <D:sync-level>1</D:sync-level><D:prop><D:getetag/></D:prop></D:sync-collection>"
    );
    on.request("REPORT", XML, &body)
}

/// The collection's token now.
pub async fn token(on: &Stock) -> Result<String, String> {
    let request = on.request("PROPFIND", &format!("Depth: 0\r\n{XML}"), &propfind("<D:sync-token/>"));
    let (status, _, body) = once(on.address, &request).await?;
    let body = String::from_utf8_lossy(&body).into_owned();
    let token = element(&mut body.as_str(), "sync-token").map(str::to_owned);
    token.filter(|token| !token.is_empty()).ok_or_else(|| format!("no sync token, status {status}: {body}"))
}

async fn sync_none(on: &Rc<Stock>) -> Result<Built, String> {
    let token = token(on).await?;
    built(Fixed::new(vec![sync(on, &token)], 207, move |_, body| {
        let now = element(&mut { body }, "sync-token");
        if responses(body).is_empty() && now == Some(&token) { Ok(()) } else { Err(body.to_owned()) }
    }))
}

/// Seven changed, two new, one removed.
async fn sync_ten(on: &Rc<Stock>) -> Result<Built, String> {
    let few = |count| Rc::new(RefCell::new(PutNew::new(on, count)));
    let done = |figures: crate::measure::Figures| figures.wrong.map_or(Ok(()), Err);
    let ages = std::time::Duration::from_secs(60);
    done(crate::measure::run(on.address, 1, ages, few(1)).await)?;
    let token = token(on).await?;
    let gone = on.extras.borrow().front().cloned().ok_or("nothing was added")?;
    done(crate::measure::run(on.address, 1, ages, Rc::new(RefCell::new(Delete::new(on)))).await)?;
    done(crate::measure::run(on.address, 1, ages, few(2)).await)?;
    let mut wanted: BTreeSet<String> = on.extras.borrow().iter().cloned().collect();
    for turn in 0..7 {
        let number = turn * 31 + on.members.count() / 2;
        let mut change = Put::only(on, number);
        let ask = change.ask(0).ok_or("nothing to change")?;
        let mut connection = crate::http::Connection::open(on.address).await?;
        let answer = connection.ask(&ask.bytes).await?;
        change.judge(ask.key, answer)?;
        wanted.insert(on.name(number));
    }
    built(Fixed::new(vec![sync(on, &token)], 207, move |_, body| {
        let all = responses(body);
        let there: BTreeSet<String> =
            all.iter().filter(|one| !one.gone && one.etag.is_some()).map(|one| one.name.clone()).collect();
        let left: Vec<&str> = all.iter().filter(|one| one.gone).map(|one| one.name.as_str()).collect();
        let moved = element(&mut { body }, "sync-token").is_some_and(|now| now != token);
        if all.len() == 10 && there == wanted && left == [gone.as_str()] && moved {
            Ok(())
        } else {
            Err(body.to_owned())
        }
    }))
}

/// The members that fall into [`WEEK`].
pub fn of_the_week(on: &Stock) -> Vec<usize> {
    match on.members {
        Members::Events(_) => (0..60).chain(240..250).collect(),
        _ => (0..WEEK_HITS).collect(),
    }
}

fn week(on: &Rc<Stock>, data: &str) -> Result<Built, String> {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><C:calendar-query {NAMESPACES}><D:prop><D:getetag/>{data}</D:prop><C:filter>\
         <C:comp-filter name=\"VCALENDAR\"><C:comp-filter name=\"VEVENT\"><C:time-range start=\"{}\" end=\"{}\"/></C:comp-filter>\
         </C:comp-filter></C:filter></C:calendar-query>",
        WEEK.0, WEEK.1
    );
    let request = on.request("REPORT", &format!("Depth: 1\r\n{XML}"), &body);
    let numbers = of_the_week(on);
    let expanded = data.contains("expand");
    let of = Rc::clone(on);
    built(Fixed::new(vec![request], 207, move |_, body| {
        let all = responses(body);
        if all.len() != WEEK_HITS {
            return Err(format!("{} instead of {WEEK_HITS} hits", all.len()));
        }
        for number in &numbers {
            let name = of.name(*number);
            let one = all.iter().find(|one| one.name == name).ok_or_else(|| format!("{name} is missing"))?;
            let data = one.data.as_deref().unwrap_or_default();
            if one.etag.is_none() {
                return Err(format!("{name} has no entity tag"));
            }
            if expanded {
                let one = data.matches("BEGIN:VEVENT").count() == 1
                    && data.contains("DTSTART:202602")
                    && !data.contains("RRULE");
                if !one {
                    return Err(format!("{name} is not expanded: {data}"));
                }
            } else {
                same(&of, data, &of.body(*number))?;
            }
        }
        Ok(())
    }))
}

/// The starts of all busy half hours in the four weeks, UTC.
fn busy_starts(members: Members) -> Vec<String> {
    let instant = |day: usize, hour: usize| {
        let (month, day) = if day > 28 { (3, day - 28) } else { (2, day) };
        format!("2026{month:02}{day:02}T{:02}0000Z", hour - 1)
    };
    let mut all = Vec::with_capacity(MONTH_PERIODS);
    for week in 0..4 {
        match members {
            Members::Events(_) => {
                all.extend((0..60).map(|place| instant(2 + week * 7 + place % 6, 8 + place / 6)));
                all.extend((0..10).map(|series| instant(8 + week * 7, 8 + series)));
            }
            _ => all.extend((0..WEEK_HITS).map(|number| instant(2 + week * 7 + number % 7, 8 + number / 7))),
        }
    }
    all
}

fn freebusy(on: &Rc<Stock>) -> Result<Built, String> {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><C:free-busy-query {NAMESPACES}><C:time-range start=\"{}\" end=\"{}\"/></C:free-busy-query>",
        MONTH.0, MONTH.1
    );
    let request = on.request("REPORT", &format!("Depth: 1\r\n{XML}"), &body);
    let starts = busy_starts(on.members);
    built(Fixed::new(vec![request], 200, move |_, body| {
        let unfolded = body.replace("\r\n ", "").replace("\n ", "");
        let lines = unfolded
            .lines()
            .filter(|line| line.starts_with("FREEBUSY"))
            .filter_map(|line| line.split_once(':'));
        let periods: BTreeSet<&str> =
            lines.flat_map(|(_, periods)| periods.split(',')).map(str::trim).collect();
        if periods.len() != MONTH_PERIODS {
            return Err(format!("{} instead of {MONTH_PERIODS} periods", periods.len()));
        }
        for start in &starts {
            let end = start.replace("0000Z", "3000Z");
            if !periods.contains(format!("{start}/{end}").as_str())
                && !periods.contains(format!("{start}/PT30M").as_str())
            {
                return Err(format!("{start} is not busy"));
            }
        }
        Ok(())
    }))
}

/// Whether the answer names exactly the members that must be there, each with its tag.
fn complete(on: &Stock, body: &str, names: &BTreeSet<String>, itself: bool) -> Result<(), String> {
    let own = on.path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let all = responses(body);
    let found: BTreeSet<&str> = all
        .iter()
        .filter(|one| !(itself && one.name == own) && one.etag.is_some())
        .map(|one| one.name.as_str())
        .collect();
    if all.len() == names.len() + usize::from(itself)
        && found.len() == names.len()
        && names.iter().all(|name| found.contains(name.as_str()))
    {
        return Ok(());
    }
    let missing = names.iter().find(|name| !found.contains(name.as_str()));
    Err(format!("{} members instead of {}; missing: {missing:?}", found.len(), names.len()))
}

fn list(on: &Rc<Stock>) -> Result<Built, String> {
    let request =
        on.request("PROPFIND", &format!("Depth: 1\r\n{XML}"), &propfind("<D:resourcetype/><D:getetag/>"));
    let (of, names) = (Rc::clone(on), on.names());
    built(Fixed::new(vec![request], 207, move |_, body| complete(&of, body, &names, true)))
}

fn first_sync(on: &Rc<Stock>) -> Result<Built, String> {
    let (of, names) = (Rc::clone(on), on.names());
    built(Fixed::new(vec![sync(on, "")], 207, move |_, body| {
        if element(&mut { body.get(body.len().saturating_sub(2000)..).unwrap_or(body) }, "sync-token")
            .is_none()
        {
            return Err("no sync token at the end".into());
        }
        complete(&of, body, &names, false)
    }))
}

/// Multigets of so many hrefs.
pub fn multiget(on: &Rc<Stock>, hrefs: usize) -> Result<Built, String> {
    let count = on.members.count();
    let lists: Vec<Vec<usize>> = (0..LISTS)
        .map(|list| {
            (0..hrefs)
                .map(|place| (list * 977 + place * (count / hrefs).max(1)) % count)
                .collect::<BTreeSet<_>>()
                .into_iter()
                .collect()
        })
        .collect();
    let request = |list: &Vec<usize>| {
        let hrefs: String =
            list.iter().map(|number| format!("<D:href>{}{}</D:href>", on.path, on.name(*number))).collect();
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?><C:calendar-multiget {NAMESPACES}><D:prop><D:getetag/><C:calendar-data/></D:prop>{hrefs}\
             </C:calendar-multiget>"
        );
        on.request("REPORT", &format!("Depth: 1\r\n{XML}"), &body)
    };
    let requests = lists.iter().map(request).collect();
    let of = Rc::clone(on);
    built(Fixed::new(requests, 207, move |key, body| {
        let wanted = lists.get(key).ok_or("no such list")?;
        let all = responses(body);
        if all.len() != wanted.len() {
            return Err(format!("{} instead of {} members", all.len(), wanted.len()));
        }
        let by_name: std::collections::HashMap<&str, &crate::xml::Response> =
            all.iter().map(|one| (one.name.as_str(), one)).collect();
        for number in wanted {
            let name = of.name(*number);
            let one = by_name.get(name.as_str()).ok_or_else(|| format!("{name} is missing"))?;
            same(&of, one.data.as_deref().unwrap_or_default(), &of.body(*number))?;
        }
        Ok(())
    }))
}

fn card_search(on: &Rc<Stock>) -> Result<Built, String> {
    let count = on.members.count();
    let searches: Vec<String> = (0..LISTS)
        .map(|turn| {
            let (first, last) = data::name(turn * 61);
            format!("{first} {}", last.chars().take(4).collect::<String>())
        })
        .collect();
    let request = |text: &String| {
        let test = format!(
            "<R:text-match collation=\"i;unicode-casemap\" match-type=\"contains\">{text}</R:text-match>"
        );
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?><R:addressbook-query {NAMESPACES}><D:prop><D:getetag/><R:address-data/></D:prop>\
             <R:filter test=\"anyof\"><R:prop-filter name=\"FN\">{test}</R:prop-filter><R:prop-filter name=\"EMAIL\">{test}</R:prop-filter>\
             </R:filter></R:addressbook-query>"
        );
        on.request("REPORT", &format!("Depth: 1\r\n{XML}"), &body)
    };
    let requests = searches.iter().map(request).collect();
    let of = Rc::clone(on);
    built(Fixed::new(requests, 207, move |key, body| {
        let text = searches.get(key).ok_or("no such search")?;
        let (wanted, all) = (data::cards_with(text, count), responses(body));
        if all.len() != wanted || wanted == 0 {
            return Err(format!("{} instead of {wanted} hits for '{text}'", all.len()));
        }
        for one in &all {
            let number =
                one.name.trim_matches(|c: char| !c.is_ascii_digit()).parse().map_err(|_| one.name.clone())?;
            same(&of, one.data.as_deref().unwrap_or_default(), &of.body(number))?;
        }
        Ok(())
    }))
}
