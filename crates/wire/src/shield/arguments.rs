//! Arguments of calls that a client sends back: text that a model server parses once more.

use transom_core::failure::Invalid;

use super::invalid;

/// The deepest nesting of a call's arguments: the parser of a model server recurses.
const MAX_DEPTH: usize = 128;

/// Refuses arguments that are nested too deeply. They need not be JSON: models do not always write
/// it.
pub(super) fn check(arguments: &str, param: &str) -> Result<(), Invalid> {
    if depth(arguments) <= MAX_DEPTH {
        return Ok(());
    }
    Err(invalid(param, &format!("is nested deeper than {MAX_DEPTH}")))
}

/// How many brackets are open at most, those in strings not counted.
fn depth(text: &str) -> usize {
    let (mut open, mut deepest, mut quoted, mut escaped) = (0_usize, 0, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'{' | b'[' if !quoted => {
                open += 1;
                deepest = deepest.max(open);
            }
            b'}' | b']' if !quoted => open = open.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_count_outside_of_strings_only() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert_eq!(check(&nested(MAX_DEPTH), "arguments"), Ok(()));
        let quoted = format!(r#"{{"a":"\"{}"}}"#, nested(1000));
        assert_eq!(check(&quoted, "arguments"), Ok(()));
        let refused = check(&nested(100_000), "input[1].arguments").unwrap_err();
        assert_eq!(refused.param.as_deref(), Some("input[1].arguments"));
    }
}
