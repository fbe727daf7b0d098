//! The table, as text or as Markdown, and whether each line reaches what is wanted.

use crate::bench::{Measured, On};
use crate::memory::Sample;
use std::fmt::Write;

/// What an answer may cost in a large collection, as a multiple of a small one.
const SPREAD: f64 = 1.3;
/// Wanted share of the embedded database's figure on a database server.
const QUARTER: f64 = 0.25;

/// What an answer of REST may cost, as a multiple of the same by DAV.
const LIKE: f64 = 1.2;

/// All that was measured on one server.
pub struct Column {
    /// Its name.
    pub label: &'static str,
    /// Its lines.
    pub lines: Vec<Measured>,
}

impl Column {
    /// What a line of REST costs as a multiple of its like of DAV, in processor time; `None` where either was not measured.
    fn ratio(&self, id: &str) -> Option<f64> {
        let line = self.lines.iter().find(|line| line.line.id == id)?;
        let like = self.lines.iter().find(|other| Some(other.line.id) == line.line.like)?;
        (line.wrong().is_none() && like.cost() > 0.0).then(|| line.cost() / like.cost())
    }
}

fn percent(share: f64) -> String {
    if share >= 0.1 { format!("{:.0} %", share * 100.0) } else { format!("{:.2} %", share * 100.0) }
}

fn rate(rate: f64) -> String {
    if rate >= 100.0 { format!("{rate:.0}") } else { format!("{rate:.1}") }
}

/// A line while the tool runs.
pub fn one_line(label: &str, line: &Measured) -> String {
    let cells: Vec<String> = line
        .cells
        .iter()
        .map(|(cell, figures)| {
            format!(
                "{cell}: {}/s {:.1} µs cpu ({:.1}/{:.1} ms)",
                rate(figures.rate()),
                figures.cost(),
                figures.latency(0.5),
                figures.latency(0.99)
            )
        })
        .collect();
    let wrong = line
        .wrong()
        .map_or_else(String::new, |wrong| format!("  WRONG {}", wrong.chars().take(400).collect::<String>()));
    format!("{label} {:12} {}  bare {}/s{wrong}", line.line.id, cells.join(", "), rate(line.bare))
}

/// Why a line fails; `None` if it does not.
fn failing(line: &Measured) -> Option<String> {
    if line.wrong().is_some() {
        return Some("wrong answer".into());
    }
    if line.share() < line.line.wanted {
        return Some("too slow".into());
    }
    line.spread().filter(|spread| *spread > SPREAD).map(|spread| format!("grows ×{spread:.2}"))
}

/// Prints everything; tells how many lines passed and failed.
pub fn print(columns: &[Column], memory: &[Sample], markdown: bool) -> (usize, usize) {
    let mut passed = 0;
    let mut failed = 0;
    let mut table = vec![vec![
        "row".to_owned(),
        "answers/s".into(),
        "share".into(),
        "wanted".into(),
        "µs of processor".into(),
        "growth".into(),
        "of DAV".into(),
    ]];
    let [first, others @ ..] = columns else { return (0, 0) };
    if let Some(head) = table.first_mut() {
        head.extend(others.iter().map(|column| column.label.to_owned()));
        head.push("verdict".into());
    }
    for line in &first.lines {
        let mut row = vec![line.line.title.to_owned()];
        row.push(line.cells.iter().map(|(_, figures)| rate(figures.rate())).collect::<Vec<_>>().join(" / "));
        row.push(percent(line.share()));
        row.push(if line.line.wanted > 0.0 { percent(line.line.wanted) } else { "–".into() });
        row.push(line.cells.iter().map(|(_, figures)| rate(figures.cost())).collect::<Vec<_>>().join(" / "));
        row.push(line.spread().map_or_else(|| "–".into(), |spread| format!("×{spread:.2}")));
        let ratios: Vec<(&str, f64)> =
            columns.iter().filter_map(|column| Some((column.label, column.ratio(line.line.id)?))).collect();
        let told: Vec<String> = ratios.iter().map(|(_, ratio)| format!("×{ratio:.2}")).collect();
        row.push(if told.is_empty() { "–".into() } else { told.join(" / ") });
        let dearer = ratios.iter().find(|(_, ratio)| *ratio > LIKE);
        let mut why =
            failing(line).or_else(|| dearer.map(|(label, ratio)| format!("×{ratio:.2} of DAV on {label}")));
        for other in others {
            let Some(same) = other.lines.iter().find(|same| same.line.id == line.line.id) else {
                row.push("–".into());
                continue;
            };
            let (cell, slow) = beside(other.label, line, same);
            row.push(cell);
            why = why.or(slow);
        }
        match &why {
            None => passed += 1,
            Some(_) => failed += 1,
        }
        row.push(why.map_or_else(|| "reached".into(), |why| format!("NOT: {why}")));
        table.push(row);
    }
    for sample in memory {
        let fine = sample.kib < sample.most;
        if fine {
            passed += 1
        } else {
            failed += 1
        }
        let mut row = vec![sample.title.clone(), format!("{:.1} MiB", sample.kib as f64 / 1024.0)];
        row.push(format!("own {:.1} MiB", sample.own as f64 / 1024.0));
        row.push(format!("< {} MiB", sample.most / 1024));
        row.extend(["–".to_owned(), "–".to_owned(), "–".to_owned()]);
        row.extend(others.iter().map(|_| "–".to_owned()));
        row.push(if fine { "reached".into() } else { "NOT: too much".into() });
        table.push(row);
    }
    print!("{}", if markdown { as_markdown(&table) } else { as_text(&table) });
    let bare: Vec<String> =
        columns.iter().map(|column| format!("{} {}", column.label, rate(mean_bare(&column.lines)))).collect();
    println!(
        "\nThe bare handler beside each: {} answers/s. Several figures in a cell: one a size, ascending; of DAV: one a database. Growth is of processor time.",
        bare.join(", ")
    );
    (passed, failed)
}

/// What another server does on the same line, and whether it is too slow to be one of ours.
fn beside(label: &str, line: &Measured, same: &Measured) -> (String, Option<String>) {
    if let Some(wrong) = same.wrong() {
        let short: String = wrong.chars().take(60).collect();
        return ("wrong".into(), (label == "PostgreSQL").then(|| format!("wrong on PostgreSQL: {short}")));
    }
    if label == "Radicale" {
        // Only sizes that both have.
        let mut pairs = line.cells.iter().filter_map(|(cell, ours)| {
            let theirs = same.cells.iter().find(|(name, _)| name == cell)?;
            Some((ours.rate() / line.bare, theirs.1.rate() / same.bare, theirs.1.rate()))
        });
        let Some((ours, theirs, plain)) = pairs.next_back() else { return ("–".into(), None) };
        return (format!("{} (×{:.0})", rate(plain), ours / theirs), None);
    }
    let share = same.share() / line.share();
    let rates: Vec<String> = same.cells.iter().map(|(_, figures)| rate(figures.rate())).collect();
    let slow = (share < QUARTER && line.line.on != On::Series)
        .then(|| format!("{} of SQLite on {label}", percent(share)));
    (format!("{} ({})", rates.join(" / "), percent(share)), slow)
}

fn mean_bare(lines: &[Measured]) -> f64 {
    lines.iter().map(|line| line.bare).sum::<f64>() / lines.len().max(1) as f64
}

fn as_markdown(table: &[Vec<String>]) -> String {
    let mut out = String::new();
    for (number, row) in table.iter().enumerate() {
        let _ = writeln!(out, "| {} |", row.join(" | "));
        if number == 0 {
            let _ = writeln!(out, "|{}", "---|".repeat(row.len()));
        }
    }
    out
}

fn as_text(table: &[Vec<String>]) -> String {
    let columns = table.iter().map(Vec::len).max().unwrap_or(0);
    let width = |at: usize| {
        table.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut out = String::new();
    for row in table {
        for (cell, width) in row.iter().zip(&widths) {
            let _ = write!(out, "{cell}{}  ", " ".repeat(width - cell.chars().count()));
        }
        out.push('\n');
    }
    out
}
