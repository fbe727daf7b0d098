//! The bounded fuzz run as tests. `tests/it/main.rs` includes this file.

#[path = "checks.rs"]
mod checks;
#[path = "growth.rs"]
mod growth;
#[path = "mutate.rs"]
mod mutate;

use std::time::Duration;

/// Inputs of each check, and seconds that it may take at most.
const INPUTS: usize = 3000;
const SECONDS: u64 = 5;

fn smoke(name: &str) {
    let judge = mutate::named(name).expect("a known check");
    let seen = mutate::run(name, judge, 1, Duration::from_secs(SECONDS), INPUTS);
    assert!(seen.inputs > 50, "{name}: only {} inputs in {SECONDS} s", seen.inputs);
    assert!(
        seen.taken * 50 > seen.inputs,
        "{name}: only {} of {} inputs were taken",
        seen.taken,
        seen.inputs
    );
    let broken: Vec<String> = seen
        .broken
        .iter()
        .map(|(input, why)| format!("{why}: {:?}", String::from_utf8_lossy(input)))
        .collect();
    assert!(broken.is_empty(), "{name}: {broken:#?}");
}

macro_rules! smoke_tests {
    ($($name:ident),*) => {
        $(
            #[test]
            fn $name() {
                smoke(stringify!($name));
            }
        )*

        #[test]
        fn every_check_is_run() {
            assert_eq!(checks::ALL.map(|(name, _)| name), [$(stringify!($name)),*]);
        }
    };
}

smoke_tests!(lines, calendar, recurrence, card, xml, json, forms, values, href, request);

/// Four times the input may take so many times the time: linear is 4, quadratic 16, and machines are busy.
const GROWTH: u32 = 10;
/// Octets of the smaller input.
const SMALL: usize = 48 * 1024;
/// Less is noise.
const NOISE: Duration = Duration::from_millis(40);

#[test]
fn time_follows_size() {
    let mut worse = Vec::new();
    for shape in growth::ALL {
        // Measured once more before it is believed: another program may have had the processor.
        let grows = |runs: usize| {
            let (small, large) = (shape.time(SMALL, runs), shape.time(4 * SMALL, runs));
            (large > NOISE + small * GROWTH).then_some((small, large))
        };
        if grows(1).is_some()
            && let Some(times) = grows(4)
        {
            worse.push((shape.check, shape.name, times));
        }
    }
    assert!(worse.is_empty(), "time grows faster than the input: {worse:#?}");
}
