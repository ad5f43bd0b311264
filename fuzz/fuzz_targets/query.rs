#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| kqltap_fuzz::query(text));
