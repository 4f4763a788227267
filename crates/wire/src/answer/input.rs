//! Takes the input of a custom tool out of `{"input":"…"}` while it is being written.

use serde::Deserialize;

/// The most bytes that are held back while it is not clear where the input is; beyond them the
/// whole is the input.
const MAX_HELD: usize = 1 << 20;

/// What comes before the input, but for whitespace.
const HEAD: &[&str] = &["{", "\"input\"", ":", "\""];

/// What stands for a character that cannot be.
const REPLACEMENT: char = '\u{fffd}';

/// Reads the arguments of one call. Where they are not of the expected form they are held back to
/// the end, and then read as a whole: an object with an `input`, a string, or the input itself.
pub(super) struct InputReader {
    state: State,
    /// Text that has not been used up: the head, an escape, or everything.
    held: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the input.
    Head,
    /// Within it.
    Text,
    /// After it.
    After,
    /// There is no such input.
    Other,
    /// Everything is input.
    Bare,
}

impl Default for InputReader {
    fn default() -> Self {
        Self { state: State::Head, held: String::new() }
    }
}

impl InputReader {
    /// Takes in a piece of the arguments and gives the piece of the input that it brings.
    pub(super) fn feed(&mut self, piece: &str) -> String {
        match self.state {
            State::Text => self.text(piece),
            State::After => String::new(),
            State::Bare => piece.to_owned(),
            State::Head | State::Other => {
                self.held.push_str(piece);
                self.head()
            }
        }
    }

    /// What is left when the arguments have ended.
    pub(super) fn finish(self) -> String {
        match self.state {
            State::Head | State::Other => whole(self.held),
            State::Text | State::After | State::Bare => String::new(),
        }
    }

    fn head(&mut self) -> String {
        if self.state == State::Head {
            match after_head(&self.held) {
                Place::Further => {}
                Place::Nowhere => self.state = State::Other,
                Place::At(start) => {
                    self.state = State::Text;
                    let rest = self.held.split_off(start);
                    self.held.clear();
                    return self.text(&rest);
                }
            }
        }
        if self.held.len() > MAX_HELD {
            self.state = State::Bare;
            return std::mem::take(&mut self.held);
        }
        String::new()
    }

    fn text(&mut self, piece: &str) -> String {
        let mut text = String::with_capacity(piece.len());
        for c in piece.chars() {
            if self.state == State::After {
                break;
            }
            if self.held.is_empty() {
                self.plain(c, &mut text);
                continue;
            }
            self.held.push(c);
            if !escape_goes_on(&self.held) {
                self.escape(&mut text);
            }
        }
        text
    }

    fn plain(&mut self, c: char, text: &mut String) {
        match c {
            '\\' => self.held.push(c),
            '"' => self.state = State::After,
            _ => text.push(c),
        }
    }

    /// Writes down what the held escape means. Of one without a meaning only as much is lost as has
    /// none.
    fn escape(&mut self, text: &mut String) {
        let escape = std::mem::take(&mut self.held);
        if let Ok(meaning) = serde_json::from_str::<String>(&format!("\"{escape}\"")) {
            text.push_str(&meaning);
            return;
        }
        text.push(REPLACEMENT);
        match escape.split_at_checked(HALF) {
            // Half of a pair, and what came in place of the other half.
            Some((half, rest)) if half.bytes().skip(2).all(|byte| byte.is_ascii_hexdigit()) => {
                text.push_str(&self.text(rest));
            }
            _ => {
                if let Some(last) = escape.chars().last() {
                    self.plain(last, text);
                }
            }
        }
    }
}

/// The bytes of `\uXXXX`.
const HALF: usize = 6;

/// Whether an escape (RFC 8259, 7) needs more characters: four digits after `\u`, and the second
/// half where they are the first half of a pair.
fn escape_goes_on(escape: &str) -> bool {
    let bytes = escape.as_bytes();
    let Some(&kind) = bytes.get(1) else { return true };
    if kind != b'u' {
        return false;
    }
    let digits = &bytes[2..bytes.len().min(HALF)];
    if !digits.iter().all(u8::is_ascii_hexdigit) {
        return false;
    }
    let first_half = matches!(digits, [b'd' | b'D', b'8' | b'9' | b'a' | b'b' | b'A' | b'B', ..]);
    match bytes.len() {
        ..HALF => true,
        HALF => first_half,
        7 => bytes[6] == b'\\',
        8 => bytes[7] == b'u',
        9..12 => bytes[8..].iter().all(u8::is_ascii_hexdigit),
        _ => false,
    }
}

/// Where the input begins.
enum Place {
    At(usize),
    Further,
    Nowhere,
}

fn after_head(held: &str) -> Place {
    let mut rest = held;
    for token in HEAD {
        rest = rest.trim_ascii_start();
        match rest.strip_prefix(token) {
            Some(after) => rest = after,
            None if token.starts_with(rest) => return Place::Further,
            None => return Place::Nowhere,
        }
    }
    Place::At(held.len() - rest.len())
}

/// The input in arguments of another form.
fn whole(arguments: String) -> String {
    #[derive(Deserialize)]
    struct Object {
        input: String,
    }
    if let Ok(object) = serde_json::from_str::<Object>(&arguments) {
        return object.input;
    }
    serde_json::from_str::<String>(&arguments).unwrap_or(arguments)
}

#[cfg(test)]
mod tests;
