//! A log line as plain text: time, level, message, then `name=value` of each field.
//!
//! It is what tracing's own format writes where there are no colours, no spans and no targets, at a fraction of the cost: there is one such
//! line for each request. Knows no request.

use std::error::Error;
use std::fmt::{self, Debug, Write};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::FmtContext;
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::registry::LookupSpan;

/// The format.
#[derive(Debug, Clone, Copy)]
pub struct PlainLine;

impl<S, N> FormatEvent<S, N> for PlainLine
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut out: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        SystemTime.format_time(&mut out)?;
        out.write_str(match *event.metadata().level() {
            tracing::Level::ERROR => " ERROR",
            tracing::Level::WARN => "  WARN",
            tracing::Level::INFO => "  INFO",
            tracing::Level::DEBUG => " DEBUG",
            tracing::Level::TRACE => " TRACE",
        })?;
        let mut fields = Fields { out, done: Ok(()) };
        event.record(&mut fields);
        fields.done?;
        fields.out.write_char('\n')
    }
}

/// Writes each field after a space.
struct Fields<'w> {
    out: Writer<'w>,
    done: fmt::Result,
}

impl Fields<'_> {
    fn write(&mut self, field: &Field, value: impl FnOnce(&mut Writer<'_>, bool) -> fmt::Result) {
        let message = field.name() == "message";
        let name = |out: &mut Writer<'_>| {
            out.write_char(' ')?;
            if message {
                return Ok(());
            }
            out.write_str(field.name().strip_prefix("r#").unwrap_or(field.name()))?;
            out.write_char('=')
        };
        if self.done.is_ok() {
            self.done = name(&mut self.out).and_then(|()| value(&mut self.out, message));
        }
    }
}

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.write(field, |out, _| write!(Tame(out), "{value:?}"));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.write(field, |out, _| {
            let mut out = Tame(out);
            write!(out, "{value}")?;
            let mut sources = std::iter::successors(value.source(), |error| Error::source(*error)).peekable();
            if sources.peek().is_none() {
                return Ok(());
            }
            write!(out, " {}.sources=[", field.name())?;
            for (at, source) in sources.enumerate() {
                write!(out, "{}{source}", if at == 0 { "" } else { ", " })?;
            }
            out.write_char(']')
        });
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        let plain = |byte: u8| (b' '..=b'~').contains(&byte) && byte != b'"' && byte != b'\\';
        self.write(field, |out, message| {
            if message {
                return Tame(out).write_str(value);
            }
            if !value.bytes().all(plain) {
                return write!(out, "{value:?}");
            }
            out.write_char('"')?;
            out.write_str(value)?;
            out.write_char('"')
        });
    }
}

/// Writes control characters as `\u{1b}`: what comes from outside neither begins a line nor speaks to a terminal.
struct Tame<'w, 'o>(&'w mut Writer<'o>);

impl Write for Tame<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if !text.contains(char::is_control) {
            return self.0.write_str(text);
        }
        text.chars().try_for_each(|one| {
            if one.is_control() { write!(self.0, "{}", one.escape_default()) } else { self.0.write_char(one) }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Kept {
        fn write(&mut self, some: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("kept").write(some)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What is written of events, without the time.
    fn written(own: bool, events: impl FnOnce()) -> Vec<String> {
        let kept = Kept::default();
        let to = kept.clone();
        let base = tracing_subscriber::fmt().with_ansi(false).with_writer(move || to.clone());
        if own {
            tracing::subscriber::with_default(base.event_format(PlainLine).finish(), events);
        } else {
            tracing::subscriber::with_default(base.with_target(false).finish(), events);
        }
        let all = String::from_utf8(kept.0.lock().expect("kept").clone()).expect("text");
        all.lines().map(|line| line.split_once('Z').expect("a time").1.to_owned()).collect()
    }

    fn events() {
        let broken = io::Error::other("broken");
        let error: &dyn Error = &broken;
        tracing::info!(id = "a1", principal = "-", method = %"GET", path = %"/dav/\u{e9}", status = 200, micros = 12u64, "request");
        tracing::warn!(text = "\"quoted\"\n", some = ?Some("x"), error, flag = true, "two words {}", 3);
        tracing::error!("alone");
    }

    #[test]
    fn lines_are_those_of_tracing() {
        let own = written(true, events);
        assert_eq!(own, written(false, events));
        assert_eq!(own.len(), 3);
    }

    #[test]
    fn nothing_begins_a_line_or_speaks_to_a_terminal() {
        let lines = written(true, || {
            tracing::info!(path = %"/x\r\n2026 INFO forged \u{1b}[2J\u{9b}", "m\nn");
        });
        assert_eq!(lines, ["  INFO m\\nn path=/x\\r\\n2026 INFO forged \\u{1b}[2J\\u{9b}"]);
    }
}
