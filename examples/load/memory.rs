//! Resident memory: idle, with 13,000 accounts, and how much it grows while long answers stream.

use crate::http::Account;
use crate::http::Answer;
use crate::measure::{Ask, Row, run};
use crate::resident;
use crate::rows;
use crate::stock::CONNECTIONS;
use crate::systems::{Names, System};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

const MIB: u64 = 1024;

/// One figure.
#[derive(Debug, Clone)]
pub struct Sample {
    /// What it is.
    pub title: String,
    /// Resident KiB, pages of files included.
    pub kib: u64,
    /// Of these, the process's own.
    pub own: u64,
    /// Must be below, KiB.
    pub most: u64,
}

/// Polls once with each of many accounts.
struct Everybody {
    waiting: VecDeque<Rc<[u8]>>,
}

impl Row for Everybody {
    fn ask(&mut self, _: usize) -> Option<Ask> {
        self.waiting.pop_front().map(|bytes| Ask { bytes, key: 0 })
    }

    fn judge(&mut self, _: usize, answer: Answer<'_>) -> Result<(), String> {
        if answer.status == 207 { Ok(()) } else { Err(format!("a poll was answered {}", answer.status)) }
    }
}

/// All figures. The process is started anew on the way.
pub async fn sample(system: &mut System, accounts: usize) -> Result<Vec<Sample>, String> {
    let mut all = Vec::new();
    if accounts > 0 {
        all.push(with_accounts(system, accounts).await?);
    }
    system.restart()?;
    let owner = Names::fresh().owner;
    let calendars: Vec<_> = system.calendars.iter().map(|stock| system.renewed(stock, &owner)).collect();
    let Some(largest) = calendars.last() else { return Ok(all) };
    rows::token(largest).await?;
    // What the check of a password took is given back when its thread ends, after ten idle seconds.
    tokio::time::sleep(Duration::from_secs(15)).await;
    let idle = resident::memory(&system.process);
    all.push(Sample {
        title: "resident, idle".into(),
        kib: idle.resident,
        own: idle.anonymous,
        most: 40 * MIB,
    });
    for (id, row, title) in [
        (
            "first-sync",
            rows::build("first-sync", largest).await?,
            format!("growth, first sync of {}", largest.members.count()),
        ),
        (
            "multiget",
            rows::multiget(largest, largest.members.count().min(10_000))?,
            "growth, multiget of 10,000".to_owned(),
        ),
    ] {
        resident::reset_peak(&system.process)?;
        let before = resident::memory(&system.process);
        let request = Rc::new(RefCell::new(Once { row, done: false }));
        let figures = run(system.process.address, 1, Duration::from_secs(120), request).await;
        if let Some(wrong) = figures.wrong {
            return Err(format!("{id}: {}", wrong.chars().take(300).collect::<String>()));
        }
        let after = resident::memory(&system.process);
        let kib = after.peak.saturating_sub(before.resident);
        all.push(Sample {
            title,
            kib,
            own: after.anonymous.saturating_sub(before.anonymous),
            most: 32 * MIB,
        });
    }
    Ok(all)
}

/// Asks only once.
struct Once {
    row: rows::Built,
    done: bool,
}

impl Row for Once {
    fn ask(&mut self, worker: usize) -> Option<Ask> {
        let first = !std::mem::replace(&mut self.done, true);
        first.then(|| self.row.borrow_mut().ask(worker)).flatten()
    }

    fn judge(&mut self, key: usize, answer: Answer<'_>) -> Result<(), String> {
        self.row.borrow_mut().judge(key, answer)
    }
}

async fn with_accounts(system: &System, count: usize) -> Result<Sample, String> {
    let made = system.add_accounts(count)?;
    if made.len() != count {
        return Err(format!("{} accounts instead of {count}", made.len()));
    }
    let body = "<propfind xmlns=\"DAV:\"><prop><sync-token/></prop></propfind>";
    let poll = |(login, secret): &(String, String)| {
        let account = Account::new(system.process.address, login, secret);
        account
            .request(
                "PROPFIND",
                &format!("/dav/calendars/{login}/"),
                "Depth: 1\r\nContent-Type: application/xml\r\n",
                body,
            )
            .into()
    };
    let everybody = Everybody { waiting: made.iter().map(poll).collect() };
    let figures =
        run(system.process.address, CONNECTIONS, Duration::from_secs(600), Rc::new(RefCell::new(everybody)))
            .await;
    if let Some(wrong) = figures.wrong {
        return Err(format!("{count} accounts: {wrong}"));
    }
    println!("  {} first polls of {count} accounts: {:.0}/s", system.label, figures.rate());
    let memory = resident::memory(&system.process);
    Ok(Sample {
        title: format!("resident, {count} accounts, after the load"),
        kib: memory.resident,
        own: memory.anonymous,
        most: 100 * MIB,
    })
}
