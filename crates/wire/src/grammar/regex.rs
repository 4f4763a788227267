//! A regular expression over the whole input, in the dialect that OpenAI documents for custom tools
//! (that of Rust's `regex`).

use regex_automata::hybrid::LazyStateID;
use regex_automata::hybrid::dfa::{Builder, Cache, Config, DFA};
use regex_automata::nfa::thompson;
use regex_automata::{Anchored, Input, MatchKind};
use transom_core::item::{Conformity, Untold};

/// The largest automaton of an expression, in bytes.
const MAX_AUTOMATON: usize = 1 << 20;

/// The memory for states that are found on the way, in bytes. States that do not fit are found
/// again, so it bounds no expression, only its speed.
const CACHE: usize = 4 << 20;

/// How often the states may outgrow that memory before it is no use going on.
const MAX_CLEARINGS: usize = 64;

/// Whether `input` as a whole matches `pattern`. Each byte is looked at once.
pub(super) fn check(pattern: &str, input: &str) -> Conformity {
    match compile(pattern) {
        Some(dfa) => run(&dfa, input).unwrap_or(Conformity::Unknown(Untold::Work)),
        None => Conformity::Unknown(Untold::Grammar),
    }
}

fn compile(pattern: &str) -> Option<DFA> {
    // All matches: a shorter one must not hide one that takes the whole.
    let config = Config::new()
        .match_kind(MatchKind::All)
        .cache_capacity(CACHE)
        .skip_cache_capacity_check(true)
        .minimum_cache_clear_count(Some(MAX_CLEARINGS));
    let automaton = thompson::Config::new().nfa_size_limit(Some(MAX_AUTOMATON));
    Builder::new().configure(config).thompson(automaton).build(pattern).ok()
}

/// `None` where the automaton gives up.
fn run(dfa: &DFA, input: &str) -> Option<Conformity> {
    let mut cache = dfa.create_cache();
    let whole = Input::new(input).anchored(Anchored::Yes);
    let mut state = dfa.start_state_forward(&mut cache, &whole).ok()?;
    for (at, byte) in input.bytes().enumerate() {
        let next = dfa.next_state(&mut cache, state, byte).ok()?;
        if next.is_quit() {
            return None;
        }
        if next.is_dead() {
            return Some(Conformity::Breaks { at: at - spent(dfa, &mut cache, state)? });
        }
        state = next;
    }
    let end = dfa.next_eoi_state(&mut cache, state).ok()?;
    if end.is_match() {
        return Some(Conformity::Follows);
    }
    Some(Conformity::Breaks { at: input.len() - spent(dfa, &mut cache, state)? })
}

/// The automaton tells of a match one byte late, so a state can be alive for nothing but that: then
/// it was the byte before which broke the input. 1 where it is so.
fn spent(dfa: &DFA, cache: &mut Cache, state: LazyStateID) -> Option<usize> {
    for byte in 0..=u8::MAX {
        if !dfa.next_state(cache, state, byte).ok()?.is_dead() {
            return Some(0);
        }
    }
    Some(usize::from(state.is_match()))
}
