//! Answers that carry a mark of the request they answer, to see whether exchanges are ever mixed up.
//!
//! A mark is the word `canary-` with letters, digits and dashes behind it.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{Script, Step, chat_text, script};

/// What every mark begins with.
const MARK: &str = "canary-";

/// The mark of this number.
pub fn mark(number: usize) -> String {
    format!("{MARK}{number}")
}

/// The marks in a text.
pub fn marks(text: &str) -> BTreeSet<String> {
    let of = |(at, _): (usize, &str)| {
        let rest = &text[at + MARK.len()..];
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
        format!("{MARK}{}", &rest[..end.unwrap_or(rest.len())])
    };
    text.match_indices(MARK).map(of).collect()
}

/// A chat answer of so many words, each the marks of the request. A stream pauses so long before each
/// event but the first, a plain answer that long for each word before it comes.
pub fn echo(words: usize, pause: Duration) -> Script {
    script(move |request| {
        let marks = marks(&String::from_utf8_lossy(&request.body));
        let all: Vec<_> = marks.into_iter().collect();
        let word = if all.is_empty() { "unmarked".to_owned() } else { all.join(" ") };
        let text = vec![word; words.max(1)].join(" ");
        let answer = chat_text(text).script().answer(request).drip(pause);
        if request.wants_stream() {
            return answer;
        }
        let words = u32::try_from(words).unwrap_or(u32::MAX);
        answer.first(Step::Pause(pause.saturating_mul(words)))
    })
}
