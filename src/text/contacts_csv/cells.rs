//! Cells: which delimiter stands between them, and what a spreadsheet must not take for a formula.

use std::borrow::Cow;

/// What makes a formula of a cell that begins with it, also in their wide forms; tab and CR make some programs look further.
const BEGINS: [char; 10] = ['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'];

fn would_be_formula(text: &str) -> bool {
    text.trim_start_matches('\'').starts_with(BEGINS)
}

/// As a cell: what would be a formula gets a `'` before it, and what looks like that already one more.
pub(super) fn harmless(text: &str) -> Cow<'_, str> {
    if would_be_formula(text) { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}

/// The way back of [`harmless`].
pub(super) fn meant(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(text) if would_be_formula(text) => text,
        _ => cell,
    }
}

/// The delimiter of a table, and where it begins: a first line `sep=;` is meant for Excel and tells it, else that which the header has most of outside
/// of quotes.
pub(super) fn delimiter(table: &str) -> (u8, &str) {
    if let Some(rest) = table.strip_prefix("sep=")
        && let Some(&[said, ..]) = rest.as_bytes().first_chunk::<1>()
        && let Some(begins) = rest.get(1..).map(|rest| rest.trim_start_matches('\r'))
        && let Some(table) = begins.strip_prefix('\n')
    {
        return (said, table);
    }
    let (mut counts, mut quoted) = ([(b',', 0_usize), (b';', 0), (b'\t', 0)], false);
    for byte in table.bytes() {
        match byte {
            b'"' => quoted = !quoted,
            b'\r' | b'\n' if !quoted => break,
            _ if quoted => {}
            other => counts.iter_mut().filter(|(one, _)| *one == other).for_each(|(_, count)| *count += 1),
        }
    }
    // Of equal ones the first, so the comma where there is one column.
    let most = counts.iter().rev().max_by_key(|(_, count)| *count);
    (most.map_or(b',', |(one, _)| *one), table)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_made_harmless_and_meant_again() {
        for (text, cell) in [
            ("=1+1", "'=1+1"),
            ("+33 1", "'+33 1"),
            ("-", "'-"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("'=1", "''=1"),
            ("''+", "'''+"),
            ("＝1", "'＝1"),
            ("'t Hooft", "'t Hooft"),
            ("a=b", "a=b"),
            ("'", "'"),
            ("", ""),
        ] {
            assert_eq!(harmless(text), cell);
            assert_eq!(meant(cell), text);
        }
    }

    #[test]
    fn the_header_tells_the_delimiter() {
        for (table, found) in [
            ("a,b,c\n1;2;3;4", b','),
            ("a;b\n1,2,3", b';'),
            ("a\tb\tc,d\n", b'\t'),
            ("\"a,b,c\";d", b';'),
            ("a", b','),
            ("", b','),
        ] {
            assert_eq!(delimiter(table), (found, table));
        }
        assert_eq!(delimiter("sep=;\r\na,b;c"), (b';', "a,b;c"));
        assert_eq!(delimiter("sep=é\na,b"), (b',', "sep=é\na,b"));
    }
}
