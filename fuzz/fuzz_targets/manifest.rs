#![no_main]

use driftlab::cli::readers;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| readers::manifest(bytes));
