//! Fuzzes every parser on a stable compiler: `cargo run --release --example mutate -- [SECONDS [SEED [CHECK]]]`.
//!
//! See `fuzz/mutate.rs`. Inputs that break a promise are written to `fuzz/artifacts/`.

#[path = "../fuzz/checks.rs"]
mod checks;
#[path = "../fuzz/mutate.rs"]
mod mutate;

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
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
