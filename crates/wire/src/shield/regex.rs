//! Regular expressions that an engine can compile without harm.
//!
//! Clients write ECMAScript's dialect (JSON Schema 2020-12, core, section 6.4). An expression is
//! compiled here as a bounded automaton. Look-around has no automaton, but schemas made from
//! popular validation libraries are full of it: it counts as a plain group.

use std::ops::Range;

use regex_automata::nfa::thompson::{Compiler, Config, WhichCaptures};
use regex_automata::util::syntax;

/// The largest automaton of one expression, in bytes: a few milliseconds of work.
const MAX_AUTOMATON: usize = 1 << 20;

/// Why an expression does not pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unfit {
    #[error("has a regular expression that repeats a repetition, such as (a+)+")]
    Ambiguous,
    #[error("has a regular expression that is not understood, or too large when compiled")]
    NotCompiled,
}

/// Compiles an expression and gives the size of its automaton, which may be `budget` at most.
pub(super) fn compiled_size(pattern: &str, budget: usize) -> Result<usize, Unfit> {
    if is_ambiguous(pattern) {
        return Err(Unfit::Ambiguous);
    }
    let plain = without_look_around(pattern);
    let limit = budget.min(MAX_AUTOMATON);
    // ECMAScript's \w and \d are ASCII, which is also far smaller; only expressions that name
    // other characters need the Unicode tables.
    compile(&plain, Alphabet::Ascii, limit)
        .or_else(|| compile(&plain, Alphabet::Unicode, limit))
        .ok_or(Unfit::NotCompiled)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Alphabet {
    Ascii,
    Unicode,
}

fn compile(pattern: &str, alphabet: Alphabet, limit: usize) -> Option<usize> {
    let unicode = alphabet == Alphabet::Unicode;
    let automaton = Compiler::new()
        .syntax(syntax::Config::new().unicode(unicode).utf8(unicode))
        .configure(
            Config::new()
                .utf8(unicode)
                .nfa_size_limit(Some(limit))
                .which_captures(WhichCaptures::None),
        )
        .build(pattern)
        .ok()?;
    Some(automaton.memory_usage())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Token {
    Open,
    /// A look-around's opening; it is a group as well.
    OpenLook,
    Close,
    Or,
    /// A repetition without an upper bound.
    Endless,
    /// Any other repetition, and the mark of a lazy one.
    Bounded,
    Atom,
}

/// Whether a repeated group, or one of its alternatives, is nothing but an endless repetition:
/// then there are exponentially many ways to match. `([a-z]+-)*` is fine, `([a-z]+)*` is not.
fn is_ambiguous(pattern: &str) -> bool {
    let mut groups = vec![Group::default()];
    for (token, _) in tokens(pattern) {
        let closed = match token {
            Token::Open | Token::OpenLook => {
                groups.push(Group::default());
                continue;
            }
            Token::Close if groups.len() > 1 => groups.pop().is_some_and(Group::ended),
            _ => false,
        };
        let Some(group) = groups.last_mut() else { return false };
        match token {
            Token::Or => *group = Group { has_loop: group.ended(), ..Group::default() },
            Token::Endless if group.last_is_loop => return true,
            Token::Endless => group.last_is_loop = true,
            Token::Bounded => {}
            Token::Atom | Token::Open | Token::OpenLook | Token::Close => {
                group.atoms += 1;
                group.last_is_loop = closed;
            }
        }
    }
    false
}

/// A group as far as it is read.
#[derive(Clone, Copy, Default)]
struct Group {
    /// How many things the present alternative has.
    atoms: usize,
    last_is_loop: bool,
    /// Whether an earlier alternative was one endless repetition.
    has_loop: bool,
}

impl Group {
    fn ended(self) -> bool {
        self.has_loop || (self.atoms == 1 && self.last_is_loop)
    }
}

fn without_look_around(pattern: &str) -> String {
    let mut plain = String::with_capacity(pattern.len());
    for (token, span) in tokens(pattern) {
        plain.push_str(if token == Token::OpenLook { "(?:" } else { &pattern[span] });
    }
    plain
}

fn tokens(pattern: &str) -> impl Iterator<Item = (Token, Range<usize>)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = pattern.get(at..).filter(|rest| !rest.is_empty())?;
        let (token, length) = token(rest);
        let span = at..at + length;
        at = span.end;
        Some((token, span))
    })
}

fn token(rest: &str) -> (Token, usize) {
    const LOOKS: [&str; 4] = ["(?=", "(?!", "(?<=", "(?<!"];
    if let Some(look) = LOOKS.iter().find(|look| rest.starts_with(**look)) {
        return (Token::OpenLook, look.len());
    }
    match rest.as_bytes() {
        [b'(', b'?', ..] => match rest.find([':', '>', ')']) {
            // Flags such as `(?i)` are no group.
            Some(end) if rest[end..].starts_with(')') => (Token::Bounded, end + 1),
            Some(end) => (Token::Open, end + 1),
            None => (Token::Open, 2),
        },
        [b'(', ..] => (Token::Open, 1),
        [b')', ..] => (Token::Close, 1),
        [b'|', ..] => (Token::Or, 1),
        [b'*' | b'+', ..] => (Token::Endless, 1),
        [b'?', ..] => (Token::Bounded, 1),
        [b'{', ..] => braces(rest),
        [b'[', ..] => (Token::Atom, class(rest)),
        [b'\\', ..] => (Token::Atom, escape(rest)),
        _ => (Token::Atom, rest.chars().next().map_or(1, char::len_utf8)),
    }
}

fn braces(rest: &str) -> (Token, usize) {
    let Some(end) = rest.find('}') else { return (Token::Atom, 1) };
    let inside = &rest[1..end];
    if inside.is_empty() || !inside.bytes().all(|b| b.is_ascii_digit() || b == b',') {
        return (Token::Atom, 1);
    }
    (if inside.ends_with(',') { Token::Endless } else { Token::Bounded }, end + 1)
}

/// The length of a class: up to the first `]` that is neither escaped nor the first character.
fn class(rest: &str) -> usize {
    let mut at = if rest.starts_with("[^") { 2 } else { 1 };
    let first = at;
    while let Some(byte) = rest.as_bytes().get(at) {
        match byte {
            b']' if at > first => return at + 1,
            b'\\' => at += escape(&rest[at..]),
            _ => at += 1,
        }
    }
    rest.len()
}

/// The length of an escape, with the braces of `\p{…}`, `\u{…}`, `\x{…}`.
fn escape(rest: &str) -> usize {
    let mut letters = rest.chars();
    let length: usize = letters.by_ref().take(2).map(char::len_utf8).sum();
    let braced = matches!(rest.as_bytes().get(1), Some(b'p' | b'P' | b'u' | b'x'));
    match rest[length..].strip_prefix('{').and_then(|inside| inside.find('}')) {
        Some(end) if braced => length + end + 2,
        _ => length,
    }
}
