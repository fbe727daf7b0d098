//! Progress on standard error, where that is a terminal; silent elsewhere.

use indicatif::{ProgressBar, ProgressStyle};
use std::time::Duration;

/// Counts things of an unknown number.
pub fn spinner(what: &str) -> ProgressBar {
    let bar = ProgressBar::new_spinner()
        .with_style(style(&format!("{{spinner}} {{human_pos}} {what}, {{elapsed}}")));
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// Says what is being waited for.
pub fn waiting(what: &str) -> ProgressBar {
    let bar = ProgressBar::new_spinner().with_style(style(&format!("{{spinner}} {what}, {{elapsed}}")));
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// Counts things of a known number.
pub fn bar(length: u64) -> ProgressBar {
    ProgressBar::new(length).with_style(style("{wide_bar} {human_pos}/{human_len}, {eta} left {msg}"))
}

/// Counts bytes; 0 where their number is not known.
pub fn bytes(length: u64) -> ProgressBar {
    if length == 0 {
        return spinner("bytes");
    }
    ProgressBar::new(length).with_style(style("{wide_bar} {bytes}/{total_bytes}, {eta} left"))
}

/// A style; a template that cannot be read gives the plain one.
fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
