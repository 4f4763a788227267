//! What model servers say of the tokens of a prompt.

use bytes::Bytes;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

/// Reads vLLM's answer to `POST /tokenize`; `None`: this is another server's answer.
pub fn read_count(body: &[u8]) -> Option<u64> {
    #[derive(Deserialize)]
    struct Counted {
        count: u64,
    }
    serde_json::from_slice(body).ok().map(|Counted { count }| count)
}

/// Reads llama.cpp's answer to `POST /apply-template`: the prompt that a chat becomes.
pub fn read_prompt(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Applied {
        prompt: String,
    }
    serde_json::from_slice(body).ok().map(|Applied { prompt }| prompt)
}

/// The body of llama.cpp's `POST /tokenize` for a prompt, which is read as the server itself reads
/// the prompt of a chat.
pub fn text_question(prompt: &str) -> Bytes {
    #[derive(Serialize)]
    struct Text<'a> {
        content: &'a str,
        add_special: bool,
        parse_special: bool,
    }
    let text = Text { content: prompt, add_special: true, parse_special: true };
    let bytes = serde_json::to_vec(&text);
    Bytes::from(bytes.unwrap_or_else(|_| unreachable!("strings and flags are always JSON")))
}

/// Reads llama.cpp's answer to it.
pub fn read_tokens(body: &[u8]) -> Option<u64> {
    #[derive(Deserialize)]
    struct Tokens {
        tokens: Vec<IgnoredAny>,
    }
    serde_json::from_slice(body).ok().map(|Tokens { tokens }| tokens.len() as u64)
}

#[cfg(test)]
mod tests;
