//! Fuzzes every parser on a stable compiler: `cargo run --release --example mutate -- [SECONDS [SEED [CHECK]]]`.
//!
//! See `fuzz/mutate.rs`. Inputs that break a promise are written to `fuzz/artifacts/`. With `growth` in the place of the
//! seconds, it prints instead how each check's time grows with its input (`fuzz/growth.rs`).

#[path = "../fuzz/checks.rs"]
mod checks;
#[path = "../fuzz/growth.rs"]
mod growth;
#[path = "../fuzz/mutate.rs"]
mod mutate;

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1).peekable();
    if args.next_if(|first| first == "growth").is_some() {
        return print_growth();
    }
    let seconds = args.next().and_then(|text| text.parse().ok()).unwrap_or(5);
    let seed = args.next().and_then(|text| text.parse().ok()).unwrap_or(1);
    let only = args.next();
    let (mut passed, mut failed) = (0, 0);
    // Panics are what is looked for: each is told below, not where it happens.
    std::panic::set_hook(Box::new(|_| {}));
    for (name, _) in checks::ALL {
        if only.as_deref().is_some_and(|only| only != name) {
            continue;
        }
        let Some(judge) = mutate::named(name) else { continue };
        let seen = mutate::run(name, judge, seed, Duration::from_secs(seconds), usize::MAX);
        println!(
            "{name}: {} inputs, {} of them taken, the slowest took {:?}, {} broke a promise",
            seen.inputs,
            seen.taken,
            seen.slowest,
            seen.broken.len()
        );
        for (number, (input, why)) in seen.broken.iter().enumerate() {
            let folder = Path::new("fuzz/artifacts");
            let file = folder.join(format!("{name}-{seed}-{number}"));
            let written = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&file, input));
            println!(
                "  {}{}: {}",
                file.display(),
                if written.is_ok() { "" } else { " (not written)" },
                why.chars().take(400).collect::<String>()
            );
        }
        *(if seen.broken.is_empty() { &mut passed } else { &mut failed }) += 1;
    }
    println!("{passed} passed, {failed} failed");
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Prints the time of each shape at 256 KiB and at 1 MiB.
fn print_growth() -> ExitCode {
    for shape in growth::ALL {
        let (small, large) = (shape.time(256 * 1024, 3), shape.time(1024 * 1024, 3));
        let times = large.as_secs_f64() / small.as_secs_f64().max(1e-9);
        println!("{:6.1} times  {small:>12?} {large:>12?}  {}: {}", times, shape.check, shape.name);
    }
    ExitCode::SUCCESS
}
