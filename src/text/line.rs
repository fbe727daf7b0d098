//! Content lines of iCalendar and vCard: unfolding, parameters, escapes and folding.
//!
//! Knows bytes and the shared grammar (RFC 5545 §3.1, RFC 6350 §3.2, RFC 6868), not what any
//! property means. Everything read keeps its place in the source, so that an edit elsewhere
//! leaves it untouched.

use std::borrow::Cow;
use std::ops::Range;

/// One logical content line and where its raw bytes stand in the source.
#[derive(Debug, Clone)]
pub struct Line<'a> {
    /// Bytes of the source, folds and line ending included.
    pub span: Range<usize>,
    /// 1-based number of the first physical line, for messages.
    pub number: usize,
    text: Cow<'a, str>,
    group_end: Option<usize>,
    name_start: usize,
    name_end: usize,
    value_start: usize,
}

/// One parameter of a line, values still as written.
#[derive(Debug, Clone, Copy)]
pub struct Param<'l> {
    /// Name as written; compare without case. Empty for the bare types of vCard 2.1.
    pub name: &'l str,
    /// Everything after `=`: values separated by commas, quotes included.
    pub raw: &'l str,
}

impl<'a> Line<'a> {
    /// Splits one unfolded line; `None` where it has no colon or no name.
    pub(super) fn parse(text: Cow<'a, str>, span: Range<usize>, number: usize) -> Option<Self> {
        let bytes = text.as_bytes();
        let mut name_end = None;
        let mut group_end = None;
        let mut quoted = false;
        let mut value_start = None;
        for (at, &byte) in bytes.iter().enumerate() {
            match byte {
                b'"' if name_end.is_some() => quoted = !quoted,
                b'.' if name_end.is_none() && group_end.is_none() => group_end = Some(at),
                b';' if name_end.is_none() => name_end = Some(at),
                b':' if !quoted => {
                    value_start = Some(at + 1);
                    break;
                }
                _ => {}
            }
        }
        // An odd quote inside a parameter hides the colon from the strict reading: clients do
        // send them, so the first colon after the name then ends the parameters.
        if value_start.is_none() && quoted {
            value_start = bytes.iter().position(|&byte| byte == b':').map(|at| at + 1);
        }
        let value_start = value_start?;
        let name_end = name_end.unwrap_or(value_start - 1);
        let name_start = group_end.map_or(0, |at| at + 1);
        let name = text.get(name_start..name_end)?;
        if name.is_empty() || !name.bytes().all(is_name_byte) {
            return None;
        }
        Some(Line { span, number, group_end, name_start, name_end, value_start, text })
    }

    /// The group before the dot (`item1` in `item1.TEL:…`), as written.
    pub fn group(&self) -> Option<&str> {
        self.group_end.and_then(|end| self.text.get(..end))
    }

    /// The property name as written; compare with [`Line::is`].
    pub fn name(&self) -> &str {
        self.text.get(self.name_start..self.name_end).unwrap_or_default()
    }

    /// Whether this is the property `name`, whatever the case.
    pub fn is(&self, name: &str) -> bool {
        self.name().eq_ignore_ascii_case(name)
    }

    /// The value as written: unfolded, escapes kept.
    pub fn value(&self) -> &str {
        self.text.get(self.value_start..).unwrap_or_default()
    }

    /// The value as TEXT: `\n`, `\,`, `\;` and `\\` undone (RFC 5545 §3.3.11).
    pub fn text(&self) -> Cow<'_, str> {
        unescape_text(self.value())
    }

    /// The whole unfolded line without its ending.
    pub fn unfolded(&self) -> &str {
        &self.text
    }

    /// The parameters in order, as written.
    pub fn params(&self) -> impl Iterator<Item = Param<'_>> {
        let end = self.value_start.saturating_sub(1);
        let raw = self.text.get(self.name_end..end).unwrap_or_default();
        split_outside_quotes(raw, b';').filter(|part| !part.is_empty()).map(|part| {
            match part.split_once('=') {
                Some((name, raw)) => Param { name: name.trim(), raw },
                None => Param { name: "", raw: part },
            }
        })
    }

    /// The first value of the parameter `name`, unquoted, RFC 6868 undone.
    pub fn param(&self, name: &str) -> Option<Cow<'_, str>> {
        self.params().find(|param| param.name.eq_ignore_ascii_case(name)).and_then(Param::first)
    }

    /// All values of all parameters called `name`, unquoted, RFC 6868 undone.
    pub fn param_values(&self, name: &str) -> Vec<Cow<'_, str>> {
        self.params().filter(|param| param.name.eq_ignore_ascii_case(name)).flat_map(Param::values).collect()
    }

    /// The value split at unescaped commas, each part unescaped as TEXT.
    pub fn text_list(&self) -> Vec<Cow<'_, str>> {
        split_unescaped(self.value(), b',').map(unescape_text).collect()
    }
}

impl<'l> Param<'l> {
    /// The first value, unquoted, RFC 6868 undone.
    pub fn first(self) -> Option<Cow<'l, str>> {
        self.values().next()
    }

    /// The values, unquoted, RFC 6868 undone.
    pub fn values(self) -> impl Iterator<Item = Cow<'l, str>> {
        split_outside_quotes(self.raw, b',').map(|value| decode_param(unquote(value)))
    }
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'/')
}

fn unquote(value: &str) -> &str {
    let value = value.trim();
    let inner = value.strip_prefix('"').unwrap_or(value);
    inner.strip_suffix('"').unwrap_or(inner)
}

/// Splits at `separator` wherever it is not inside double quotes.
pub fn split_outside_quotes(raw: &str, separator: u8) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    raw.split(move |c: char| {
        if c == '"' {
            quoted = !quoted;
        }
        !quoted && c == char::from(separator)
    })
}

/// Splits at `separator` wherever no backslash stands before it.
pub fn split_unescaped(raw: &str, separator: u8) -> impl Iterator<Item = &str> {
    let mut escaped = false;
    raw.split(move |c: char| {
        if escaped {
            escaped = false;
            return false;
        }
        escaped = c == '\\';
        c == char::from(separator)
    })
}

/// Undoes the escapes of TEXT (RFC 5545 §3.3.11, RFC 6350 §3.4); an unknown escape keeps its letter.
pub fn unescape_text(raw: &str) -> Cow<'_, str> {
    if !raw.contains('\\') {
        return Cow::Borrowed(raw);
    }
    let mut out = String::with_capacity(raw.len());
    let mut chars = raw.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('n' | 'N') => out.push('\n'),
            Some(other) => out.push(other),
            None => out.push('\\'),
        }
    }
    Cow::Owned(out)
}

/// Escapes TEXT for a value: backslash, comma, semicolon and newline.
pub fn escape_text(text: &str) -> Cow<'_, str> {
    if !text.contains(['\\', ',', ';', '\n', '\r']) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\\' | ',' | ';' => {
                out.push('\\');
                out.push(c);
            }
            '\n' => out.push_str("\\n"),
            '\r' => {}
            _ => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// Undoes `^n`, `^'` and `^^` in a parameter value (RFC 6868 §3).
fn decode_param(raw: &str) -> Cow<'_, str> {
    if !raw.contains('^') {
        return Cow::Borrowed(raw);
    }
    let mut out = String::with_capacity(raw.len());
    let mut chars = raw.chars().peekable();
    while let Some(c) = chars.next() {
        let decoded = match (c, chars.peek()) {
            ('^', Some('n')) => Some('\n'),
            ('^', Some('\'')) => Some('"'),
            ('^', Some('^')) => Some('^'),
            _ => None,
        };
        if decoded.is_some() {
            chars.next();
        }
        out.push(decoded.unwrap_or(c));
    }
    Cow::Owned(out)
}

/// Writes a parameter value: RFC 6868 escapes, quotes where the grammar wants them.
pub fn encode_param(value: &str) -> String {
    let mut out = String::with_capacity(value.len() + 2);
    // Blanks at the ends would be lost without quotes.
    let quote = value.contains([':', ';', ',']) || value.trim() != value;
    if quote {
        out.push('"');
    }
    for c in value.chars() {
        match c {
            '^' => out.push_str("^^"),
            '\n' => out.push_str("^n"),
            '"' => out.push_str("^'"),
            c if c.is_control() && c != '\t' => {}
            c => out.push(c),
        }
    }
    if quote {
        out.push('"');
    }
    out
}

/// Appends `line` to `out`, folded at 75 octets and never inside a character, with CRLF. No folded line but the last ends
/// in `=`, which a reader could take for a soft break of quoted-printable.
pub fn write_folded(out: &mut String, line: &str) {
    const WIDTH: usize = 75; // octets without the line break, RFC 5545 §3.1
    if line.len() < WIDTH {
        out.push_str(line);
        out.push_str("\r\n");
        return;
    }
    let mut used = 0;
    for c in line.chars() {
        let size = c.len_utf8();
        if used + size > WIDTH || (c == '=' && used + size == WIDTH) {
            out.push_str("\r\n ");
            used = 1;
        }
        out.push(c);
        used += size;
    }
    out.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Line<'_> {
        Line::parse(Cow::Borrowed(text), 0..text.len(), 1).expect("a content line")
    }

    #[test]
    fn parameters_keep_quotes_colons_and_rfc6868() {
        let line = line("ATTENDEE;CN=\"Martin; A: B\";X-Q=a^'b^nc^^;DIR=\"http://x/,y\",z:mailto:a@b");
        assert_eq!(line.param("cn").as_deref(), Some("Martin; A: B"));
        assert_eq!(line.param("X-Q").as_deref(), Some("a\"b\nc^"));
        assert_eq!(line.param_values("dir"), ["http://x/,y", "z"]);
        assert_eq!(line.value(), "mailto:a@b");
    }

    #[test]
    fn groups_and_bare_types_are_read() {
        let line = line("item1.TEL;CELL;TYPE=pref,work:+33 1");
        assert_eq!(line.group(), Some("item1"));
        assert!(line.is("tel"));
        let bare: Vec<_> = line.params().filter(|p| p.name.is_empty()).map(|p| p.raw).collect();
        assert_eq!(bare, ["CELL"]);
        assert_eq!(line.param_values("type"), ["pref", "work"]);
    }

    #[test]
    fn an_odd_quote_does_not_swallow_the_value() {
        assert_eq!(line("SUMMARY;X=\"a:hello").value(), "hello");
    }

    #[test]
    fn text_escapes_round_trip() {
        let text = "a\\b,c;d\ne";
        assert_eq!(escape_text(text), "a\\\\b\\,c\\;d\\ne");
        assert_eq!(unescape_text(&escape_text(text)), text);
        assert_eq!(split_unescaped("a\\,b,c\\\\,d", b',').collect::<Vec<_>>(), ["a\\,b", "c\\\\", "d"]);
    }

    #[test]
    fn folding_counts_octets_and_spares_characters() {
        let mut out = String::new();
        write_folded(&mut out, &"é".repeat(60));
        assert!(out.split("\r\n").all(|part| part.len() <= 75));
        assert_eq!(out.replace("\r\n ", "").trim_end(), "é".repeat(60));
        let mut out = String::new();
        write_folded(&mut out, &"=".repeat(200));
        assert!(out.split("\r\n").all(|part| part.len() <= 75));
        assert_eq!(out.replace("\r\n ", "").trim_end(), "=".repeat(200));
        let mut out = String::new();
        write_folded(&mut out, &format!("{}=41", "a".repeat(74)));
        assert_eq!(out, format!("{}\r\n =41\r\n", "a".repeat(74)));
    }

    #[test]
    fn parameter_writer_is_undone_by_the_reader() {
        for value in ["plain", "a;b", "say \"hi\"\n^", "x:y,z", " blanks "] {
            let text = format!("X;P={}:v", encode_param(value));
            assert_eq!(line(&text).param("P").as_deref(), Some(value));
        }
    }
}
