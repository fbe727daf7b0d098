//! What a process uses, as the kernel tells it: memory and processor time. proc(5).

use crate::process::Process;

/// Resident memory in KiB: all of it, and what is the process's own (not pages of files).
#[derive(Debug, Clone, Copy, Default)]
pub struct Memory {
    /// `VmRSS`
    pub resident: u64,
    /// `RssAnon`
    pub anonymous: u64,
    /// `VmHWM`: the most since the last [`reset_peak`].
    pub peak: u64,
}

/// Its memory now.
pub fn memory(of: &Process) -> Memory {
    let text = std::fs::read_to_string(format!("/proc/{}/status", of.child.id())).unwrap_or_default();
    let field = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|rest| rest.split_whitespace().next())
            .and_then(|number| number.parse().ok())
            .unwrap_or(0)
    };
    Memory { resident: field("VmRSS:"), anonymous: field("RssAnon:"), peak: field("VmHWM:") }
}

/// Processor time that it has used, all threads, in seconds.
pub fn processor(of: &Process) -> f64 {
    const TICKS: f64 = 100.0;
    let text = std::fs::read_to_string(format!("/proc/{}/stat", of.child.id())).unwrap_or_default();
    // Behind the name in parentheses: user and system time are the 12th and 13th field.
    let fields: Vec<&str> = text.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) / TICKS
}

/// Lets the kernel's peak begin anew from what is resident now.
pub fn reset_peak(of: &Process) -> Result<(), String> {
    let path = format!("/proc/{}/clear_refs", of.child.id());
    std::fs::write(&path, "5").map_err(|error| format!("{path}: {error}"))
}
