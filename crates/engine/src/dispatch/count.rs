//! Asks a deployment how many tokens a prompt has.
//!
//! Servers differ in what they offer: vLLM tokenizes messages, llama.cpp's server makes a prompt of
//! them first and then tokenizes that, and any server that reports its usage tells by an answer of
//! one token. Which of them a server is is found out once and remembered with what else is known of
//! the deployment.

use std::sync::Arc;

use bytes::Bytes;
use http::StatusCode;
use transom_core::port::upstream::{Patience, Route, UpstreamRequest};
use transom_core::request::Generation;
use transom_core::upstream_error::UpstreamError;
use transom_wire::chat::{self, Question, RenderOptions};
use transom_wire::tap::read_body;

use super::attempt::now;
use crate::answer::{MAX_ANSWER, check_status, check_type, collect};
use crate::catalog::{Target, Tokenizer};

/// What is counted, and how far one goes for it.
pub(crate) struct Questions {
    /// The prompt is that of this generation.
    pub(crate) generation: Arc<Generation>,
    /// How it is written.
    pub(crate) render: RenderOptions,
    /// What may be asked.
    pub(crate) means: Means,
}

/// What may be asked for a count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Means {
    /// Tokenizers only, which cost next to nothing.
    Tokenizer,
    /// Where there is none, the model itself, for an answer of one token.
    Any,
}

/// The tokens of a prompt at a deployment, whose name for the model is `name`. `None`: it does not
/// tell.
pub(super) async fn count(
    target: &Target,
    questions: &Questions,
    name: &str,
    patience: Patience,
) -> Result<Option<u64>, UpstreamError> {
    let asker = Asker { target, questions, name, patience };
    let known = target.tokenizer(now());
    let worth_asking: &[Tokenizer] = match &known {
        Tokenizer::Unasked => &[Tokenizer::OfMessages, Tokenizer::OfPrompts],
        Tokenizer::Absent { .. } => &[],
        one => std::slice::from_ref(one),
    };
    for tokenizer in worth_asking {
        let counted = match tokenizer {
            Tokenizer::OfPrompts => asker.of_prompt().await?,
            _ => asker.of_messages().await?,
        };
        if counted.is_some() {
            target.has_tokenizer(*tokenizer);
            return Ok(counted);
        }
    }
    if !worth_asking.is_empty() {
        let deployment = &target.deployment.id;
        tracing::info!(%deployment, "the model server has no tokenizer to ask");
        target.has_tokenizer(Tokenizer::Absent { since: now() });
    }
    match questions.means {
        Means::Tokenizer => Ok(None),
        Means::Any => asker.of_answer().await,
    }
}

struct Asker<'a> {
    target: &'a Target,
    questions: &'a Questions,
    name: &'a str,
    patience: Patience,
}

impl Asker<'_> {
    /// vLLM's way.
    async fn of_messages(&self) -> Result<Option<u64>, UpstreamError> {
        let answer = self.call(Route::Tokenize, self.body(Question::Tokenize)).await?;
        Ok(answer.and_then(|body| chat::read_count(&body)))
    }

    /// llama.cpp's way.
    async fn of_prompt(&self) -> Result<Option<u64>, UpstreamError> {
        let answer = self.call(Route::ApplyTemplate, self.body(Question::Template)).await?;
        let Some(prompt) = answer.and_then(|body| chat::read_prompt(&body)) else {
            return Ok(None);
        };
        let answer = self.call(Route::Tokenize, chat::text_question(&prompt)).await?;
        Ok(answer.and_then(|body| chat::read_tokens(&body)))
    }

    /// Everybody's way.
    async fn of_answer(&self) -> Result<Option<u64>, UpstreamError> {
        let answer = self.call(Route::ChatCompletions, self.body(Question::OneToken)).await?;
        let Some(body) = answer else { return Ok(None) };
        Ok(read_body(&body, None)?.usage.map(|usage| usage.input))
    }

    fn body(&self, question: Question) -> Bytes {
        let Questions { generation, render, .. } = self.questions;
        let asked = chat::count_question(generation, render, question);
        chat::rename(&asked, &generation.model, self.name)
    }

    /// The JSON that a route answers with; `None`: the server does not have it, or not for us.
    async fn call(&self, route: Route, body: Bytes) -> Result<Option<Bytes>, UpstreamError> {
        let request = UpstreamRequest { route, body, patience: self.patience };
        let reply = match check_status(self.target.upstream.call(request).await?).await {
            Ok(reply) => reply,
            Err(error) if is_absent(&error, route) => return Ok(None),
            Err(error) => return Err(error),
        };
        // A proxy that answers everything with a page of its own.
        if check_type(&reply.headers, "application/json").is_err() {
            return Ok(None);
        }
        collect(reply.body, MAX_ANSWER).await.map(Some)
    }
}

/// Whether an answer says that there is no such route. What stands in front of a server may keep
/// everything beside its API from us.
fn is_absent(error: &UpstreamError, route: Route) -> bool {
    let UpstreamError::Status { status, report, .. } = error else { return false };
    match *status {
        // It may also be the model that is not found.
        StatusCode::NOT_FOUND => report.param.as_deref() != Some("model"),
        StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED => true,
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => route != Route::ChatCompletions,
        _ => false,
    }
}
