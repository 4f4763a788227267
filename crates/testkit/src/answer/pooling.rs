//! Rerankings and scores in vLLM's shapes (its documentation, version 0.16; not recorded: the CPU build
//! dies of them).

use serde::Serialize;
use serde_json::Value;

use super::chunk::CREATED;
use super::plain::to_json;
use super::{Script, script};

/// Every document of the request with its length in bytes as relevance, the most relevant first, at
/// most `top_n` of them.
pub fn rerank() -> Script {
    script(|request| {
        let body = request.json();
        let documents = texts(&body["documents"]);
        let mut results: Vec<_> = documents
            .iter()
            .enumerate()
            .map(|(index, text)| Ranked {
                index,
                document: Document { text, multi_modal: None },
                relevance_score: length(text),
            })
            .collect();
        results.sort_by(|a, b| b.relevance_score.total_cmp(&a.relevance_score));
        let most = body["top_n"].as_u64().filter(|most| *most > 0);
        results.truncate(most.and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX));
        to_json(&Ranking {
            id: format!("rerank-{:016x}", request.number),
            model: request.model(),
            usage: Tokens { prompt_tokens: 2, total_tokens: 2 },
            results,
        })
    })
}

/// One score per second text of the request: its length in bytes.
pub fn score() -> Script {
    script(|request| {
        let body = request.json();
        let second = ["text_2", "documents", "items"].map(|field| texts(&body[field])).concat();
        let scores = second.iter().enumerate();
        to_json(&Scores {
            id: format!("score-{:016x}", request.number),
            object: "list",
            created: CREATED,
            model: request.model(),
            data: scores
                .map(|(index, text)| Scored { index, object: "score", score: length(text) })
                .collect(),
            usage: ScoreTokens {
                prompt_tokens: 2,
                total_tokens: 2,
                completion_tokens: 0,
                prompt_tokens_details: None,
            },
        })
    })
}

/// One text or a list of them.
fn texts(value: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    match value {
        Value::Null => Vec::new(),
        Value::Array(list) => list.iter().map(text).collect(),
        one => vec![text(one)],
    }
}

fn length(text: &str) -> f64 {
    f64::from(u32::try_from(text.len()).unwrap_or(u32::MAX))
}

#[derive(Serialize)]
struct Ranking<'a> {
    id: String,
    model: String,
    usage: Tokens,
    results: Vec<Ranked<'a>>,
}

#[derive(Serialize)]
struct Ranked<'a> {
    index: usize,
    document: Document<'a>,
    relevance_score: f64,
}

#[derive(Serialize)]
struct Document<'a> {
    text: &'a str,
    multi_modal: Option<u8>,
}

#[derive(Serialize)]
struct Tokens {
    prompt_tokens: u32,
    total_tokens: u32,
}

#[derive(Serialize)]
struct Scores {
    id: String,
    object: &'static str,
    created: u64,
    model: String,
    data: Vec<Scored>,
    usage: ScoreTokens,
}

#[derive(Serialize)]
struct Scored {
    index: usize,
    object: &'static str,
    score: f64,
}

#[derive(Serialize)]
struct ScoreTokens {
    prompt_tokens: u32,
    total_tokens: u32,
    completion_tokens: u32,
    prompt_tokens_details: Option<u8>,
}
