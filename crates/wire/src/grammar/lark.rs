//! A grammar in Lark's notation, in the dialect of `LLGuidance`, which OpenAI and vLLM use for custom
//! tools. The same library reads it here.

use std::panic::AssertUnwindSafe;

use llguidance::api::{ParserLimits, TopLevelGrammar};
use llguidance::toktrie::{ApproximateTokEnv, InferenceCapabilities};
use llguidance::{ParserFactory, TokenParser, panic_utils};
use transom_core::item::{Conformity, Untold};

/// The work that one grammar may take to read: about 10 ms.
const READING: u64 = 500_000;

/// The symbols of one grammar.
const MAX_SYMBOLS: usize = 50_000;

/// The states of its lexer, of 1 to 2 kB each.
const MAX_STATES: usize = 10_000;

/// The ways in which an input can be read that are looked at for one byte.
const MAX_WAYS: usize = 2_000;

/// The work for one byte of the input.
const MAX_STEP: u64 = 50_000;

/// The longest input, in bytes. Each byte has its price, however simple the grammar.
const MAX_INPUT: usize = 64 << 10;

/// The work for a whole input, in items of the parser and steps of the lexer: about 50 ms.
const MAX_WORK: u64 = 500_000;

/// Whether `input` as a whole can be read by `grammar`.
pub(super) fn check(grammar: &str, input: &str) -> Conformity {
    if input.len() > MAX_INPUT {
        return Conformity::Unknown(Untold::Length);
    }
    let Some(mut parser) = parser(grammar) else { return Conformity::Unknown(Untold::Grammar) };
    // The library's own defects are its errors: they must not cost the answer.
    panic_utils::catch_unwind(AssertUnwindSafe(|| Ok(run(&mut parser, input))))
        .unwrap_or(Conformity::Unknown(Untold::Work))
}

fn parser(grammar: &str) -> Option<TokenParser> {
    let read = || {
        let bytes = ApproximateTokEnv::single_byte_env();
        let mut factory = ParserFactory::new(&bytes, InferenceCapabilities::default(), &[])?;
        factory.quiet();
        *factory.limits_mut() = ParserLimits {
            max_items_in_row: MAX_WAYS,
            initial_lexer_fuel: READING,
            step_lexer_fuel: MAX_STEP,
            step_max_items: MAX_WAYS,
            max_lexer_states: MAX_STATES,
            max_grammar_size: MAX_SYMBOLS,
            precompute_large_lexemes: false,
            verbose_errors: false,
        };
        let mut parser = factory.create_parser(TopLevelGrammar::from_lark(grammar.to_owned()))?;
        parser.start_without_prompt();
        Ok(parser)
    };
    panic_utils::catch_unwind(AssertUnwindSafe(read)).ok()
}

fn run(parser: &mut TokenParser, input: &str) -> Conformity {
    for (at, byte) in input.bytes().enumerate() {
        let token = u32::from(byte);
        match parser.validate_token(token) {
            Ok(true) => {}
            Ok(false) => return Conformity::Breaks { at },
            Err(_) => return Conformity::Unknown(Untold::Work),
        }
        if parser.consume_token(token).is_err() || work(parser) > MAX_WORK {
            return Conformity::Unknown(Untold::Work);
        }
    }
    if parser.is_accepting() { Conformity::Follows } else { Conformity::Breaks { at: input.len() } }
}

fn work(parser: &TokenParser) -> u64 {
    let stats = parser.parser_stats();
    stats.lexer_cost.saturating_add(stats.all_items as u64)
}
