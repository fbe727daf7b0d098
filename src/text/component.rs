//! The tree of components and lines that iCalendar and vCard share, read without loss.
//!
//! Iterative, with limits on depth and lines (RFC 5545 §3.4, RFC 6350 §3.3). The tree points
//! into its source: [`Edit`]s change some bytes and leave all others as they were sent.

use super::line::Line;
use std::borrow::Cow;
use std::ops::Range;

/// Why a text is not a tree of components.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct Malformed {
    /// 1-based physical line; 0 where the text as a whole is at fault.
    pub line: usize,
    /// What is wrong, in words fit for a client.
    pub what: &'static str,
}

/// Bounds of what is read.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Nested components.
    pub depth: usize,
    /// Logical lines in the whole text.
    pub lines: usize,
}

impl Default for Limits {
    fn default() -> Self {
        // Real files nest three deep; 100,000 lines hold a year of alarms and exceptions.
        Limits { depth: 64, lines: 100_000 }
    }
}

/// A component (`VEVENT`, `VCARD`, …) with its own lines and its children.
#[derive(Debug, Clone)]
pub struct Component<'a> {
    /// Name as written after `BEGIN:`; compare with [`Component::is`].
    pub name: Cow<'a, str>,
    /// Bytes from `BEGIN` to the end of the `END` line.
    pub span: Range<usize>,
    /// Bytes of the `END` line: where a new line or child is inserted.
    pub end: Range<usize>,
    /// The properties, in order.
    pub lines: Vec<Line<'a>>,
    /// Nested components, in order.
    pub children: Vec<Component<'a>>,
}

impl<'a> Component<'a> {
    /// Whether this is the component `name`, whatever the case.
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// The first property called `name`.
    pub fn line(&self, name: &str) -> Option<&Line<'a>> {
        self.lines.iter().find(|line| line.is(name))
    }

    /// All properties called `name`, in order.
    pub fn lines_named<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s Line<'a>> + 's {
        self.lines.iter().filter(move |line| line.is(name))
    }

    /// All children called `name`, in order.
    pub fn children_named<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s Component<'a>> + 's {
        self.children.iter().filter(move |child| child.is(name))
    }

    /// The raw value of the first property called `name`.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.line(name).map(Line::value)
    }
}

/// A whole text: one or more top-level components.
#[derive(Debug, Clone)]
pub struct Document<'a> {
    /// The text that the tree points into.
    pub source: &'a str,
    /// Top-level components: one for an object resource, many in an import.
    pub roots: Vec<Component<'a>>,
}

impl<'a> Document<'a> {
    /// Reads `source`. Tolerates a byte-order mark, empty lines, any line ending (CRLF, LF, CR, CR CR LF),
    /// a missing last one, and quoted-printable soft breaks of vCard 2.1.
    pub fn parse(source: &'a str, limits: Limits) -> Result<Self, Malformed> {
        let mut open: Vec<Component<'a>> = Vec::new();
        let mut roots = Vec::new();
        let mut count = 0;
        let mut reader =
            Reader { source, at: source.len() - source.trim_start_matches('\u{feff}').len(), number: 1 };
        while let Some(line) = reader.next_line()? {
            count += 1;
            if count > limits.lines {
                return Err(Malformed { line: line.number, what: "too many lines" });
            }
            if line.is("BEGIN") {
                if open.len() >= limits.depth {
                    return Err(Malformed { line: line.number, what: "components nested too deep" });
                }
                open.push(Component {
                    name: Cow::Owned(line.value().trim().to_owned()),
                    span: line.span.clone(),
                    end: line.span.clone(),
                    lines: Vec::new(),
                    children: Vec::new(),
                });
            } else if line.is("END") {
                let mut done =
                    open.pop().ok_or(Malformed { line: line.number, what: "END without BEGIN" })?;
                if !done.is(line.value().trim()) {
                    return Err(Malformed { line: line.number, what: "END does not match its BEGIN" });
                }
                done.span.end = line.span.end;
                done.end = line.span;
                match open.last_mut() {
                    Some(parent) => parent.children.push(done),
                    None => roots.push(done),
                }
            } else {
                let parent = open
                    .last_mut()
                    .ok_or(Malformed { line: line.number, what: "a property outside any component" })?;
                parent.lines.push(line);
            }
        }
        if !open.is_empty() {
            return Err(Malformed { line: reader.number, what: "a component is not closed" });
        }
        if roots.is_empty() {
            return Err(Malformed { line: 0, what: "no component at all" });
        }
        Ok(Document { source, roots })
    }
}

/// Walks the source line by line.
struct Reader<'a> {
    source: &'a str,
    at: usize,
    number: usize,
}

impl<'a> Reader<'a> {
    /// The next logical line, empty ones skipped.
    fn next_line(&mut self) -> Result<Option<Line<'a>>, Malformed> {
        loop {
            let Some(first) = self.physical() else { return Ok(None) };
            let start = first.start;
            let number = self.number - 1;
            let mut end = self.at;
            let Some(head) = self.source.get(first) else { return Ok(None) };
            if head.trim().is_empty() {
                continue;
            }
            let mut text = Cow::Borrowed(head.trim_start());
            let quoted_printable = is_quoted_printable(head);
            loop {
                let soft = quoted_printable && text.ends_with('=');
                let folded = matches!(self.source.as_bytes().get(self.at), Some(b' ' | b'\t'));
                if !soft && !folded {
                    break;
                }
                let Some(next) = self.physical() else { break };
                let Some(part) = self.source.get(next) else { break };
                let owned = text.to_mut();
                if soft {
                    owned.pop();
                    owned.push_str(part);
                } else {
                    owned.push_str(part.get(1..).unwrap_or_default());
                }
                end = self.at;
            }
            return Line::parse(text, start..end, number)
                .map(Some)
                .ok_or(Malformed { line: number, what: "not a content line" });
        }
    }

    /// The next physical line without its ending; moves past the ending.
    fn physical(&mut self) -> Option<Range<usize>> {
        let rest = self.source.as_bytes().get(self.at..).filter(|rest| !rest.is_empty())?;
        let start = self.at;
        let length = memchr::memchr2(b'\r', b'\n', rest).unwrap_or(rest.len());
        let ending = rest.get(length..).unwrap_or_default();
        let returns = ending.iter().take_while(|&&byte| byte == b'\r').count();
        let feed = usize::from(ending.get(returns) == Some(&b'\n'));
        // Without a line feed only the first CR ends the line; CR CR LF is one ending.
        let skip = if feed == 1 { returns + 1 } else { returns.min(1) };
        self.at = start + length + skip;
        self.number += 1;
        Some(start..start + length)
    }
}

/// Whether the head of a line says `QUOTED-PRINTABLE` before its value (vCard 2.1).
fn is_quoted_printable(head: &str) -> bool {
    const WORD: &str = "QUOTED-PRINTABLE";
    let params = head.split(':').next().unwrap_or_default();
    params.len() > WORD.len() && params.to_ascii_uppercase().contains(WORD)
}

/// A change of some bytes of a source: `span` gives way to `with`.
#[derive(Debug, Clone)]
pub struct Edit {
    /// Bytes of the source to replace; an empty range inserts.
    pub span: Range<usize>,
    /// What stands there afterwards.
    pub with: String,
}

/// Applies edits that do not overlap; every other byte stays as it was.
pub fn apply(source: &str, mut edits: Vec<Edit>) -> String {
    // What is put in before something that goes away comes first, or it would be taken for a part of that.
    edits.sort_by_key(|edit| (edit.span.start, edit.span.end));
    let mut out = String::with_capacity(source.len() + 64);
    let mut at = 0;
    for edit in &edits {
        if let Some(kept) = source.get(at..edit.span.start) {
            out.push_str(kept);
            out.push_str(&edit.with);
            at = edit.span.end;
        }
    }
    out.push_str(source.get(at..).unwrap_or_default());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(source: &str) -> Result<Document<'_>, Malformed> {
        Document::parse(source, Limits::default())
    }

    #[test]
    fn folds_endings_and_marks_are_tolerated() {
        let source = "\u{feff}BEGIN:VCALENDAR\r\r\nX-A:one\r\n  two\n\nBEGIN:VEVENT\nSUMMARY:a\n\tb\rUID:1\nEND:VEVENT\nEND:VCALENDAR";
        let document = parse(source).expect("readable");
        let calendar = document.roots.first().expect("one root");
        assert_eq!(calendar.value("x-a"), Some("one two"));
        let event = calendar.children.first().expect("one event");
        assert_eq!(event.value("SUMMARY"), Some("ab"));
        assert_eq!(event.value("UID"), Some("1"));
        assert_eq!(
            source
                .get(event.span.clone())
                .map(|s| s.starts_with("BEGIN:VEVENT") && s.ends_with("END:VEVENT\n")),
            Some(true)
        );
    }

    #[test]
    fn quoted_printable_soft_breaks_join() {
        let source = "BEGIN:VCARD\r\nVERSION:2.1\r\nN;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:Dup=C3=\r\n=A9;Jean\r\nEND:VCARD\r\n";
        let document = parse(source).expect("readable");
        assert_eq!(document.roots[0].value("N"), Some("Dup=C3=A9;Jean"));
    }

    #[test]
    fn edits_leave_all_other_bytes() {
        let source = "BEGIN:VEVENT\nUID: odd \nSUMMARY:x\n y\nEND:VEVENT";
        let document = parse(source).expect("readable");
        let line = document.roots[0].line("SUMMARY").expect("there");
        let edited = apply(source, vec![Edit { span: line.span.clone(), with: "SUMMARY:z\r\n".into() }]);
        assert_eq!(edited, "BEGIN:VEVENT\nUID: odd \nSUMMARY:z\r\nEND:VEVENT");
    }

    #[test]
    fn depth_lines_and_closure_are_checked() {
        let bomb = "BEGIN:X\n".repeat(100_000);
        assert_eq!(parse(&bomb).expect_err("refused").what, "components nested too deep");
        assert!(parse("BEGIN:X\nEND:Y\n").is_err());
        assert!(parse("BEGIN:X\n").is_err());
        assert!(parse("A:b\n").is_err());
        assert!(parse("").is_err());
        let long = format!("BEGIN:X\n{}END:X\n", "A:1\n".repeat(100_001));
        assert_eq!(parse(&long).expect_err("refused").what, "too many lines");
    }
}
