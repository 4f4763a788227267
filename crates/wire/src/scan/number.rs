//! JSON numbers that every reader understands alike.

use super::{Error, Fault};

/// The longest number, in bytes. A double needs 25; large integers are left some room.
const MAX_LENGTH: usize = 128;

/// Goes over the number that begins at `start`.
pub(super) fn skip(text: &str, start: usize) -> Result<usize, Error> {
    let bytes = text.as_bytes();
    let mut at = start + usize::from(bytes[start] == b'-');
    at = match bytes.get(at) {
        Some(b'0') => at + 1,
        Some(b'1'..=b'9') => digits(bytes, at)?,
        Some(b'I') => return Err(Fault::NotANumber.at(start)),
        _ => return Err(Fault::Expected("a digit").at(at)),
    };
    if bytes.get(at) == Some(&b'.') {
        at = digits(bytes, at + 1)?;
    }
    let mut exponent = false;
    if let Some(b'e' | b'E') = bytes.get(at) {
        exponent = true;
        at += 1 + usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        at = digits(bytes, at)?;
    }
    if at - start > MAX_LENGTH {
        return Err(Fault::LongNumber.at(start));
    }
    // Without an exponent, MAX_LENGTH digits cannot reach the 309 that overflow a double.
    if exponent && !text[start..at].parse().is_ok_and(f64::is_finite) {
        return Err(Fault::HugeNumber.at(start));
    }
    Ok(at)
}

/// Goes over at least one digit.
fn digits(bytes: &[u8], start: usize) -> Result<usize, Error> {
    let mut at = start;
    while bytes.get(at).is_some_and(u8::is_ascii_digit) {
        at += 1;
    }
    if at == start { Err(Fault::Expected("a digit").at(at)) } else { Ok(at) }
}
