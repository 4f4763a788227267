//! What model servers say, and what clients read.

use http_body_util::BodyExt as _;
use transom_testkit::exchanges;

use crate::call::EventBody;

/// The last event of a chat stream.
pub(crate) const DONE: &str = "data: [DONE]\n\n";

/// One chunk of a chat stream, under the name that the server has for the model.
pub(crate) fn chunk_of(model: &str, delta: &str, finish: &str) -> String {
    format!(
        "data: {{\"model\":{model:?},\"choices\":[{{\"index\":0,\"delta\":{delta},\
         \"finish_reason\":{finish}}}]}}\n\n"
    )
}

/// One chunk of a chat stream.
pub(crate) fn chunk(delta: &str, finish: &str) -> String {
    chunk_of("real", delta, finish)
}

/// A chunk of text.
pub(crate) fn text(text: &str) -> String {
    chunk(&format!("{{\"content\":{text:?}}}"), "null")
}

/// The chunk that a stream begins with, without content.
pub(crate) fn role() -> String {
    chunk("{\"role\":\"assistant\",\"content\":\"\"}", "null")
}

/// A whole stream.
pub(super) fn stream_of(model: &str) -> String {
    chunk_of(model, "{\"role\":\"assistant\",\"content\":\"\"}", "null")
        + &chunk_of(model, "{\"content\":\"Hi\"}", "null")
        + &chunk_of(model, "{}", "\"stop\"")
        + DONE
}

/// A whole answer.
pub(crate) fn whole(model: &str) -> String {
    format!(
        "{{\"model\":{model:?},\"choices\":[{{\"index\":0,\"message\":{{\"content\":\"Hi\"}},\
         \"finish_reason\":\"stop\"}}],\"usage\":{{\"prompt_tokens\":3,\"completion_tokens\":1,\
         \"total_tokens\":4}}}}"
    )
}

/// Everything that is left of a stream.
pub(crate) async fn rest(mut body: EventBody) -> String {
    let mut all = Vec::new();
    while let Some(frame) = body.frame().await {
        all.extend_from_slice(&frame.unwrap().into_data().unwrap());
    }
    exchanges::note_stream(&all);
    String::from_utf8(all).unwrap()
}

/// The names of events, comments as `:`.
pub(crate) fn names(stream: &str) -> Vec<&str> {
    stream
        .split("\n\n")
        .filter(|block| !block.is_empty())
        .map(|block| match block.strip_prefix("event: ") {
            Some(named) => named.split('\n').next().unwrap_or_default(),
            None => block,
        })
        .collect()
}
