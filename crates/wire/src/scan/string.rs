//! The inside of JSON strings.

use std::borrow::Cow;

use super::{Error, Fault, Span};

/// How strictly the inside of a string is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rules {
    /// What is sent to model servers and stored: no half surrogate pairs, no U+0000.
    Storable,
    /// What RFC 8259 allows: for answers that only pass through.
    Grammar,
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = ONES * 0x80;

/// Goes from the byte after the opening quote to the closing one; gives what lies between.
pub(super) fn skip(bytes: &[u8], start: usize, rules: Rules) -> Result<Span, Error> {
    let mut at = start;
    loop {
        at = plain_run(bytes, at);
        match bytes.get(at) {
            Some(b'"') => return Ok(start..at),
            Some(b'\\') => at = escape(bytes, at, rules)?,
            Some(_) => return Err(Fault::Control.at(at)),
            None => return Err(Fault::Expected("the end of a string").at(at)),
        }
    }
}

/// The first byte from `at` on that is a quote, a backslash or a control character.
///
/// Eight bytes at a time: in each `(x - n) & !x & 0x80…`, the lowest bit set marks the first byte
/// below `n`; borrows disturb only the bytes above it.
fn plain_run(bytes: &[u8], mut at: usize) -> usize {
    while let Some(word) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*word);
        let quote = word ^ (ONES * u64::from(b'"'));
        let backslash = word ^ (ONES * u64::from(b'\\'));
        let found = (word.wrapping_sub(ONES * 0x20) & !word
            | quote.wrapping_sub(ONES) & !quote
            | backslash.wrapping_sub(ONES) & !backslash)
            & HIGH;
        if found != 0 {
            return at + found.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    while bytes.get(at).is_some_and(|byte| *byte >= 0x20 && !matches!(byte, b'"' | b'\\')) {
        at += 1;
    }
    at
}

/// Goes over the escape whose backslash is at `at`.
fn escape(bytes: &[u8], at: usize, rules: Rules) -> Result<usize, Error> {
    match bytes.get(at + 1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 2),
        Some(b'u') => {
            let unit = code_unit(bytes, at)?;
            match (unit, rules) {
                (0, Rules::Storable) => Err(Fault::Nul.at(at)),
                (0xd800..=0xdbff, Rules::Storable) => match code_unit(bytes, at + 6) {
                    Ok(0xdc00..=0xdfff) => Ok(at + 12),
                    _ => Err(Fault::LoneSurrogate.at(at)),
                },
                (0xdc00..=0xdfff, Rules::Storable) => Err(Fault::LoneSurrogate.at(at)),
                _ => Ok(at + 6),
            }
        }
        _ => Err(Fault::Escape.at(at)),
    }
}

/// The UTF-16 code unit of the `\uXXXX` at `at`.
fn code_unit(bytes: &[u8], at: usize) -> Result<u32, Error> {
    let Some([b'\\', b'u', digits @ ..]) = bytes.get(at..at + 6) else {
        return Err(Fault::Escape.at(at));
    };
    digits.iter().try_fold(0, |unit, digit| {
        let value = char::from(*digit).to_digit(16).ok_or(Fault::Escape.at(at))?;
        Ok(unit << 4 | value)
    })
}

/// What a string says, given what lies between its quotes. Half surrogate pairs, which only
/// [`Rules::Grammar`] lets through, stay as they are spelled.
pub(crate) fn unescape(inside: &str) -> Cow<'_, str> {
    if !inside.contains('\\') {
        return Cow::Borrowed(inside);
    }
    serde_json::from_str(&format!("\"{inside}\"")).map_or(Cow::Borrowed(inside), Cow::Owned)
}
