//! The bounded fuzz run as tests. `tests/it/main.rs` includes this file.

#[path = "checks.rs"]
mod checks;
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

smoke_tests!(lines, calendar, recurrence, card, xml, json, values, href, request);
