//! Feeds `checks::forms` with what libFuzzer makes up.

#![no_main]

#[path = "../checks.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    checks::forms(data);
});
