//! What real servers sent.

use std::fmt::Write as _;

use insta::assert_snapshot;
use transom_testkit::recordings::{self, Recorded, Recording};
use transom_testkit::shared;

use super::{listing, run};
use crate::answer::sample::datas;

/// Every recorded chat stream of a server, decoded.
fn decoded(names: &[String], load: fn(&str) -> Recording) -> String {
    let mut all = String::new();
    for recording in names.iter().map(|name| load(name)) {
        let Recorded::Stream(stream) = &recording.answer else { continue };
        if recording.request.path != "/v1/chat/completions" {
            continue;
        }
        let (events, _, result) = run(&datas(stream));
        assert_eq!(result, Ok(()), "{}", recording.name);
        let told = listing(&events, |text| format!("{text:?}"));
        let _ = writeln!(all, "# {}\n{told}", recording.name);
    }
    all
}

#[test]
fn vllm_streams_become_items() {
    assert_snapshot!(decoded(&recordings::vllm_names(), recordings::vllm));
}

#[test]
fn llama_server_streams_become_items() {
    assert_snapshot!(decoded(&recordings::llama_server_names(), recordings::llama_server));
}

/// Others' streams: what is kept of them are kinds, counts and hashes.
#[test]
fn cassettes_become_items() {
    let mut all = String::new();
    for cassette in shared::cassettes("chat_completion") {
        let Recorded::Stream(stream) = &cassette.answer else { continue };
        let (events, _, result) = run(&datas(stream));
        assert_eq!(result, Ok(()), "{}", cassette.name);
        let told = listing(&events, |text| format!("{:016x}", fnv1a(text)));
        let _ = writeln!(all, "# {}\n{told}", cassette.name);
    }
    if !all.is_empty() {
        assert_snapshot!(all);
    }
}

/// FNV-1a: a hash that no release of anything changes.
fn fnv1a(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
