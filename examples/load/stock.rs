//! A collection on the server and what must be in it now.

use crate::data::{self, Shape};
use crate::http::Account;
use crate::http::Answer;
use crate::measure::{Ask, Row, run};
use std::cell::RefCell;
use std::collections::{BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

/// Connections that fill and measure.
pub const CONNECTIONS: usize = 16;
/// Long enough for any filling.
const AGES: Duration = Duration::from_secs(3600);

/// What kind of members a collection has.
#[derive(Debug, Clone, Copy)]
pub enum Members {
    /// Events of a [`Shape`].
    Events(Shape),
    /// So many cards.
    Cards(usize),
    /// 70 weekly series from this day, `YYYYMMDD`, a Monday, on.
    Series(&'static str),
}

impl Members {
    /// How many.
    pub fn count(self) -> usize {
        match self {
            Members::Events(shape) => shape.size,
            Members::Cards(count) => count,
            Members::Series(_) => data::WEEK_HITS,
        }
    }

    /// Suffix of names.
    pub fn suffix(self) -> &'static str {
        if matches!(self, Members::Cards(_)) { ".vcf" } else { ".ics" }
    }

    /// The content of a member in one of its states.
    pub fn body(self, number: usize, turn: u32) -> String {
        match self {
            Members::Events(shape) => shape.event(number, turn),
            Members::Cards(_) => data::card(number, turn),
            Members::Series(monday) => {
                let (day, hour) = (number % 7, 8 + number / 7);
                let first: usize = monday.get(6..).and_then(|day| day.parse().ok()).unwrap_or(1);
                let month: usize = monday.get(..6).and_then(|month| month.parse().ok()).unwrap_or(0);
                // Both first weeks are of a January; the sixth day after the 26th is in February.
                let (month, day) =
                    if first + day > 31 { (month + 1, first + day - 31) } else { (month, first + day) };
                let start = format!("{month}{day:02}T{hour:02}0000");
                data::event(&format!("s{number}"), &start, "RRULE:FREQ=WEEKLY\r\n", turn)
            }
        }
    }
}

/// A collection, where it is, and what it holds.
pub struct Stock {
    /// The server.
    pub address: SocketAddr,
    /// Who asks.
    pub account: Account,
    /// Path of the collection, with its slash at the end.
    pub path: String,
    /// What it was filled with.
    pub members: Members,
    /// Whether the server may answer writes with any 2xx (rivals do).
    pub lenient: bool,
    /// The state that each member is in.
    pub turns: RefCell<Vec<u32>>,
    /// The tag of each member.
    pub etags: RefCell<Vec<String>>,
    /// Names of members beyond those it was filled with.
    pub extras: RefCell<VecDeque<String>>,
    /// How many extras there ever were.
    serial: RefCell<usize>,
}

impl Stock {
    /// A collection that is still empty.
    pub fn new(address: SocketAddr, account: Account, path: String, members: Members, lenient: bool) -> Self {
        let count = members.count();
        Stock {
            address,
            account,
            path,
            members,
            lenient,
            turns: RefCell::new(vec![0; count]),
            etags: RefCell::new(vec![String::new(); count]),
            extras: RefCell::default(),
            serial: RefCell::new(0),
        }
    }

    /// Name of a member.
    pub fn name(&self, number: usize) -> String {
        let letter = if matches!(self.members, Members::Cards(_)) { 'c' } else { 'e' };
        format!("{letter}{number}{}", self.members.suffix())
    }

    /// All names that must be there.
    pub fn names(&self) -> BTreeSet<String> {
        (0..self.members.count())
            .map(|number| self.name(number))
            .chain(self.extras.borrow().iter().cloned())
            .collect()
    }

    /// What a member holds now.
    pub fn body(&self, number: usize) -> String {
        self.members.body(number, self.turns.borrow().get(number).copied().unwrap_or(0))
    }

    /// A request on the collection itself.
    pub fn request(&self, method: &str, headers: &str, body: &str) -> Vec<u8> {
        self.account.request(method, &self.path, headers, body)
    }

    /// A request on a member.
    pub fn on(&self, method: &str, name: &str, headers: &str, body: &str) -> Vec<u8> {
        self.account.request(method, &format!("{}{name}", self.path), headers, body)
    }

    fn media(&self) -> &'static str {
        if matches!(self.members, Members::Cards(_)) {
            "Content-Type: text/vcard; charset=utf-8\r\n"
        } else {
            "Content-Type: text/calendar; charset=utf-8\r\n"
        }
    }

    fn written(&self, answer: Answer<'_>, wanted: u16) -> Result<(), String> {
        if answer.status == wanted || self.lenient && (200..300).contains(&answer.status) {
            return Ok(());
        }
        Err(format!("status {} instead of {wanted}: {}", answer.status, String::from_utf8_lossy(answer.body)))
    }

    /// Stores all members.
    pub async fn fill(self: &Rc<Self>) -> Result<(), String> {
        let row = Rc::new(RefCell::new(Put {
            stock: Rc::clone(self),
            waiting: (0..self.members.count()).collect(),
            fill: true,
        }));
        all(self, row).await
    }

    /// Removes what was added since.
    pub async fn tidy(self: &Rc<Self>) -> Result<(), String> {
        let row = Rc::new(RefCell::new(Delete { stock: Rc::clone(self), flying: Vec::new() }));
        all(self, row).await
    }
}

async fn all(stock: &Stock, row: Rc<RefCell<dyn Row>>) -> Result<(), String> {
    let figures = run(stock.address, CONNECTIONS, AGES, row).await;
    figures.wrong.map_or(Ok(()), |wrong| Err(format!("{}: {wrong}", stock.path)))
}

/// Stores known members: for the first time, or again in a new state on the condition that the old one still stands.
pub struct Put {
    stock: Rc<Stock>,
    waiting: VecDeque<usize>,
    fill: bool,
}

impl Put {
    /// Changes all members, one after the other, again and again.
    pub fn update(stock: &Rc<Stock>) -> Self {
        // Not in the order in which they were stored: 7919 is a prime and divides no size that is asked for.
        let count = stock.members.count();
        let step = if count.is_multiple_of(7919) { 1 } else { 7919 };
        let waiting = (0..count).map(|number| number * step % count).collect();
        Put { stock: Rc::clone(stock), waiting, fill: false }
    }

    /// Changes one member.
    pub fn only(stock: &Rc<Stock>, number: usize) -> Self {
        Put { stock: Rc::clone(stock), waiting: VecDeque::from([number]), fill: false }
    }
}

impl Row for Put {
    fn ask(&mut self, _: usize) -> Option<Ask> {
        let number = self.waiting.pop_front()?;
        let stock = &self.stock;
        let (turn, headers) = if self.fill {
            (0, stock.media().to_owned())
        } else {
            let turn = stock.turns.borrow().get(number).copied().unwrap_or(0) + 1;
            let etag = stock.etags.borrow().get(number).cloned().unwrap_or_default();
            (turn, format!("{}If-Match: {etag}\r\n", stock.media()))
        };
        let bytes = stock.on("PUT", &stock.name(number), &headers, &stock.members.body(number, turn));
        Some(Ask { bytes: bytes.into(), key: number })
    }

    fn judge(&mut self, number: usize, answer: Answer<'_>) -> Result<(), String> {
        let stock = &self.stock;
        stock.written(answer, if self.fill { 201 } else { 204 })?;
        let etag = answer.etag.ok_or("no entity tag after a PUT")?;
        let mut etags = stock.etags.borrow_mut();
        let place = etags.get_mut(number).ok_or("unknown number")?;
        if place == etag {
            return Err("the entity tag did not change".into());
        }
        etag.clone_into(place);
        if !self.fill {
            if let Some(turn) = stock.turns.borrow_mut().get_mut(number) {
                *turn += 1;
            }
            self.waiting.push_back(number);
        }
        Ok(())
    }
}

/// Stores members that were not there.
pub struct PutNew {
    stock: Rc<Stock>,
    flying: Vec<String>,
    left: usize,
}

impl PutNew {
    /// At most `left` of them.
    pub fn new(stock: &Rc<Stock>, left: usize) -> Self {
        PutNew { stock: Rc::clone(stock), flying: Vec::new(), left }
    }
}

impl Row for PutNew {
    fn ask(&mut self, _: usize) -> Option<Ask> {
        self.left = self.left.checked_sub(1)?;
        let stock = &self.stock;
        let mut serial = stock.serial.borrow_mut();
        *serial += 1;
        let (uid, name) = (format!("x{serial}"), format!("x{serial}{}", stock.members.suffix()));
        let body = match stock.members {
            Members::Cards(count) => data::card(count + *serial, 0),
            _ => data::fresh(&uid),
        };
        let bytes = stock.on("PUT", &name, &format!("{}If-None-Match: *\r\n", stock.media()), &body);
        self.flying.push(name);
        Some(Ask { bytes: bytes.into(), key: self.flying.len() - 1 })
    }

    fn judge(&mut self, key: usize, answer: Answer<'_>) -> Result<(), String> {
        self.stock.written(answer, 201)?;
        answer.etag.ok_or("no entity tag after a PUT")?;
        let name = self.flying.get(key).cloned().unwrap_or_default();
        self.stock.extras.borrow_mut().push_back(name);
        Ok(())
    }
}

/// Removes extras.
pub struct Delete {
    stock: Rc<Stock>,
    flying: Vec<String>,
}

impl Delete {
    /// All that there are.
    pub fn new(stock: &Rc<Stock>) -> Self {
        Delete { stock: Rc::clone(stock), flying: Vec::new() }
    }
}

impl Row for Delete {
    fn ask(&mut self, _: usize) -> Option<Ask> {
        let name = self.stock.extras.borrow_mut().pop_front()?;
        let bytes = self.stock.on("DELETE", &name, "", "");
        self.flying.push(name);
        Some(Ask { bytes: bytes.into(), key: self.flying.len() - 1 })
    }

    fn judge(&mut self, key: usize, answer: Answer<'_>) -> Result<(), String> {
        let outcome = self.stock.written(answer, 204);
        if outcome.is_err() {
            let name = self.flying.get(key).cloned().unwrap_or_default();
            self.stock.extras.borrow_mut().push_back(name);
        }
        outcome
    }
}

/// By turns a changed member and a new one.
pub struct PutEither {
    update: Put,
    fresh: PutNew,
    turn: bool,
}

impl PutEither {
    /// On a collection.
    pub fn new(stock: &Rc<Stock>) -> Self {
        PutEither { update: Put::update(stock), fresh: PutNew::new(stock, usize::MAX), turn: false }
    }
}

/// Keys of new members are above this.
const FRESH: usize = 1 << 40;

impl Row for PutEither {
    fn ask(&mut self, worker: usize) -> Option<Ask> {
        self.turn = !self.turn;
        if self.turn {
            return self.update.ask(worker);
        }
        self.fresh.ask(worker).map(|ask| Ask { key: ask.key + FRESH, ..ask })
    }

    fn judge(&mut self, key: usize, answer: Answer<'_>) -> Result<(), String> {
        match key.checked_sub(FRESH) {
            None => self.update.judge(key, answer),
            Some(key) => self.fresh.judge(key, answer),
        }
    }
}
