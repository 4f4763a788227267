//! One client of a load.

use std::sync::Arc;
use std::time::Instant;

use anyhow::Result;

use super::judge::Judge;
use super::{End, Form, Outcome, Shared};
use crate::answer::canary;
use crate::http1::{BodyDecoder, Framing, Head};
use crate::raw::RawClient;
use crate::sse;

/// Asks until there is nothing more to ask.
pub(super) async fn work(shared: Arc<Shared>) {
    let mut kept = None;
    while let Some(number) = shared.next() {
        let outcome = Exchange::new(&shared, number).run(&mut kept).await;
        shared.outcomes.update(|outcomes| outcomes.push(outcome));
        tokio::time::sleep(shared.load.pause).await;
    }
}

struct Exchange<'a> {
    shared: &'a Shared,
    judge: Judge,
    outcome: Outcome,
}

impl<'a> Exchange<'a> {
    fn new(shared: &'a Shared, number: usize) -> Self {
        let sent = Instant::now();
        let outcome = Outcome {
            number,
            form: shared.form(number),
            sent,
            end: End::Whole,
            head: None,
            content: None,
            total: sent.elapsed(),
            models: std::collections::BTreeSet::new(),
            foreign: std::collections::BTreeSet::new(),
            retry_after: None,
        };
        Self { shared, judge: Judge::new(shared.load.road), outcome }
    }

    /// One request on the connection that was kept, or on a new one.
    async fn run(mut self, kept: &mut Option<RawClient>) -> Outcome {
        self.outcome.end = match self.asked(kept.take()).await {
            Err(error) => End::NoAnswer(format!("{error:#}")),
            Ok((mut connection, head)) => {
                self.outcome.head = Some(self.outcome.sent.elapsed());
                self.outcome.retry_after = head.headers.get("retry-after").map(str::to_owned);
                match self.answered(&mut connection, &head).await {
                    Err(error) => End::Cut(format!("{error:#}")),
                    Ok(end) => {
                        *kept = Some(connection).filter(|_| !says_close(&head));
                        end
                    }
                }
            }
        };
        let mut outcome = self.outcome;
        outcome.total = outcome.sent.elapsed();
        outcome.models = self.judge.models;
        outcome.foreign = self.judge.marks;
        outcome.foreign.remove(&canary::mark(outcome.number));
        outcome
    }

    async fn asked(&self, kept: Option<RawClient>) -> Result<(RawClient, Head)> {
        let load = &self.shared.load;
        let body = load.road.body(&load.model, self.outcome.form, self.outcome.number);
        let message = load.client.message("POST", load.road.path(), &[], Some(&body));
        let mut connection = match kept {
            Some(connection) => connection,
            None => RawClient::connect(load.client.address()).await?,
        };
        connection.send(message).await?;
        let head = connection.read_head().await?;
        Ok((connection, head))
    }

    async fn answered(&mut self, connection: &mut RawClient, head: &Head) -> Result<End> {
        let status = head.status()?;
        let mut decoder = BodyDecoder::new(Framing::of_response(head)?);
        let streams = self.outcome.form == Form::Stream && (200..300).contains(&status);
        let (mut parser, mut body) = (sse::Parser::default(), Vec::new());
        while let Some(bytes) = connection.read_body(&mut decoder).await? {
            if streams {
                parser.feed(&bytes).iter().for_each(|event| self.judge.event(event));
                self.note_content();
            } else {
                body.extend_from_slice(&bytes);
            }
        }
        let end = if streams { self.judge.end_of_stream() } else { self.judge.body(status, &body) };
        self.note_content();
        Ok(end)
    }

    fn note_content(&mut self) {
        if self.judge.has_content {
            self.outcome.content.get_or_insert(self.outcome.sent.elapsed());
        }
    }
}

fn says_close(head: &Head) -> bool {
    head.headers.get("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"))
}
