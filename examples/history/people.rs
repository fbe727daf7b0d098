//! Writers, who change what they like, and readers, who only follow sync tokens (RFC 6578).

use crate::model::{Event, Op, Outcome, PLACES, When};
use crate::nodes::Dice;
use crate::world::{Ended, HOT, LARGE, Line, QUIET, World, perform, version_of};
use crate::xml::{element, responses};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;
use std::time::Duration;

/// Writes until `until` (nanoseconds of the run).
pub async fn write(world: Rc<World>, mut dice: Dice, until: u64, pause: u64) {
    let mut line = Line::default();
    while world.now() < until {
        let (name, op) = choose(&world, &mut dice);
        perform(&world, &mut line, &mut dice, name, op).await;
        if pause > 0 {
            tokio::time::sleep(Duration::from_micros(dice.below(pause * 2))).await;
        }
    }
}

fn choose(world: &World, dice: &mut Dice) -> (u32, Op) {
    let quiet = dice.below(5) == 0;
    // A few names are fought about most.
    let name = if quiet {
        HOT + dice.below(QUIET.into()) as u32
    } else if dice.once_in(2) {
        dice.below(4) as u32
    } else {
        dice.below(HOT.into()) as u32
    };
    let at = if quiet { LARGE } else { dice.below(PLACES as u64) as usize };
    let heard = world.heard.borrow().get(&(name, at)).copied().unwrap_or(0);
    let when = match dice.below(4) {
        0 => When::Always,
        1 if heard == 0 => When::Absent,
        _ if heard > 0 => When::Is(heard),
        _ => When::Always,
    };
    let op = match dice.below(10) {
        0..=4 => Op::Put { at, version: world.fresh(), when },
        5 | 6 if quiet || dice.once_in(2) => {
            Op::Delete { at, when: if when == When::Absent { When::Always } else { when } }
        }
        7 | 8 if !quiet => {
            let to = (at + 1 + dice.below(PLACES as u64 - 1) as usize) % PLACES;
            Op::Move { from: at, to, overwrite: dice.once_in(2) }
        }
        9 => Op::Read { at },
        _ => Op::Put { at, version: world.fresh(), when },
    };
    (name, op)
}

/// What a reader ends with.
#[derive(Debug, Clone)]
pub struct Replayed {
    /// Which collection it followed.
    pub at: usize,
    /// Name and tag of each member, after all answers.
    pub state: BTreeMap<u32, String>,
    /// The numbers in the tokens that it got, in their order.
    pub numbers: Vec<u64>,
    /// How many answers it replayed.
    pub answers: usize,
    /// Members that were told twice in one answer.
    pub twice: usize,
}

/// Something a reader saw: the tag of a name after replaying an answer, `None` for absence.
#[derive(Debug, Clone)]
pub struct Sight {
    name: u32,
    at: usize,
    tag: Option<String>,
    begin: u64,
    end: u64,
}

impl Sight {
    /// As an event, if the tag's version became known.
    pub fn event(&self, tags: &HashMap<String, u32>) -> Option<Event> {
        let version = match &self.tag {
            None => 0,
            Some(tag) => *tags.get(tag)?,
        };
        Some(Event {
            name: self.name,
            op: Op::Read { at: self.at },
            begin: self.begin,
            end: self.end,
            outcome: Outcome::Saw(version),
        })
    }
}

/// One reader's memory.
pub struct Reader {
    replayed: Replayed,
    token: String,
    /// When the last whole answer was asked for.
    whole: u64,
    sights: Vec<Sight>,
}

/// Follows a collection until the round closes, then once more to the end. `reader` is who did so in the round before.
pub async fn follow(
    world: Rc<World>,
    at: usize,
    mut dice: Dice,
    reader: Option<Reader>,
) -> (Vec<Replayed>, Vec<Sight>, Reader) {
    let mut line = Line::default();
    let mut all = Vec::new();
    let mut sights = Vec::new();
    let mut reader = reader.unwrap_or_else(|| Reader::new(at));
    loop {
        let last = !world.open.get();
        let whole = reader.turn(&world, &mut line, &mut dice, last).await;
        if last && whole {
            break;
        }
        // Now and then a device is set up anew: its first sync runs beside the writers.
        if !last && dice.once_in(if at == LARGE { 6 } else { 40 }) {
            sights.append(&mut reader.sights);
            all.push(std::mem::replace(&mut reader, Reader::new(at)).replayed);
        }
        tokio::time::sleep(Duration::from_micros(dice.below(20_000))).await;
    }
    sights.append(&mut reader.sights);
    // Only the last one replayed up to the end; the others' states stand in what they saw.
    for old in &mut all {
        old.state.clear();
        old.answers = 0;
    }
    all.push(reader.replayed.clone());
    (all, sights, reader.rested())
}

impl Reader {
    fn new(at: usize) -> Self {
        let replayed = Replayed { at, state: BTreeMap::new(), numbers: Vec::new(), answers: 0, twice: 0 };
        Reader { replayed, token: String::new(), whole: 0, sights: Vec::new() }
    }

    /// The same between two rounds: what is judged already is forgotten.
    fn rested(mut self) -> Self {
        let last = self.replayed.numbers.pop();
        self.replayed.numbers = last.into_iter().collect();
        self.replayed.twice = 0;
        self
    }

    /// Asks once and replays; whether the answer was whole.
    async fn turn(&mut self, world: &World, line: &mut Line, dice: &mut Dice, last: bool) -> bool {
        let node = line.ready(world, dice).await;
        let Some(account) = world.accounts.get(node) else { return false };
        let limit = match dice.below(4) {
            0 if !last => format!("<D:limit><D:nresults>{}</D:nresults></D:limit>", 1 + dice.below(30)),
            _ => String::new(),
        };
        let data = if dice.once_in(2) { "<C:calendar-data/>" } else { "" };
        let body = format!(
            "<D:sync-collection xmlns:D=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:caldav\"><D:sync-token>{}</D:sync-token>\
             <D:sync-level>1</D:sync-level>{limit}<D:prop><D:getetag/>{data}</D:prop></D:sync-collection>",
            self.token
        );
        let request = account.request(
            "REPORT",
            &world.place(self.replayed.at),
            "Content-Type: application/xml\r\n",
            &body,
        );
        let begin = world.now();
        let ended = line.ask(world, &request).await;
        let end = world.now();
        match ended {
            Ended::Lost => false,
            Ended::Answered(207, _, body) => self.replay(world, &String::from_utf8_lossy(&body), begin, end),
            Ended::Answered(status, _, body) => {
                world.fault(format!("sync was answered {status}: {}", String::from_utf8_lossy(&body)));
                false
            }
        }
    }

    fn replay(&mut self, world: &World, body: &str, begin: u64, end: u64) -> bool {
        let at = self.replayed.at;
        let mut told = BTreeSet::new();
        let mut cut = false;
        for one in responses(body) {
            let Some(name) = one
                .name
                .strip_prefix('n')
                .and_then(|name| name.strip_suffix(".ics"))
                .and_then(|name| name.parse().ok())
            else {
                cut = true;
                continue;
            };
            self.replayed.twice += usize::from(!told.insert(name));
            match one.etag {
                Some(tag) if !one.gone => {
                    if let Some(version) = one.data.as_deref().and_then(version_of) {
                        world.learn(&tag, version);
                    }
                    self.replayed.state.insert(name, tag);
                }
                _ => {
                    self.replayed.state.remove(&name);
                }
            }
        }
        let tail =
            body.get(body.rfind("sync-token").map_or(0, |at| at.saturating_sub(400))..).unwrap_or(body);
        match element(&mut { tail }, "sync-token") {
            Some(token) => token.clone_into(&mut self.token),
            None => world.fault(format!("a sync answer without a token: {body}")),
        }
        self.replayed
            .numbers
            .extend(self.token.rsplit(':').next().and_then(|number| number.parse::<u64>().ok()));
        self.replayed.answers += 1;
        // A whole answer stands for the collection's state: also of what it did not name. A cut one only for what it names.
        if !cut {
            let since = self.whole;
            told.extend(
                world
                    .touched
                    .borrow()
                    .iter()
                    .filter(|(_, touched)| **touched >= since)
                    .map(|(name, _)| *name),
            );
            self.whole = begin;
        }
        for name in told {
            self.sights.push(Sight { name, at, tag: self.replayed.state.get(&name).cloned(), begin, end });
        }
        !cut
    }
}
