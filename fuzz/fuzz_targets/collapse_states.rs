#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mapi_fuzzing::collapse_states(bytes));
