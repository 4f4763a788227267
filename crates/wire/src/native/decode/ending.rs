//! The last event: why the model stopped, and what of its answer had not come in pieces.

use serde_json::value::RawValue;
use transom_core::event::{Event, Finish};
use transom_core::upstream_error::{Report, UpstreamError};
use transom_core::usage::Usage;

use super::{Decoder, Rest, Stage};
use crate::error::parse_report;
use crate::native::event::{At, Ending, Response, text};
use crate::native::item::{Item, ItemKind};
use crate::tap::usage;

impl Decoder {
    /// Takes in the last event, and says how the answer ended.
    pub(super) fn ended(
        &mut self,
        ending: Ending,
        response: &Response<'_>,
        out: &mut Vec<Event>,
    ) -> Result<(), UpstreamError> {
        let usage = response.usage.and_then(|raw| usage::parse_native(raw.get()).ok().flatten());
        let finish = self.why(ending, response, usage)?;
        self.complete(response, out)?;
        self.stage = Stage::Done;
        let finish = self.answer.end(finish, out)?;
        out.extend(usage.map(Event::Usage));
        out.push(Event::Finished(finish));
        Ok(())
    }

    /// Why the model stopped. The response knows it better than the event around it: vLLM says
    /// `response.completed` of responses that are `incomplete`.
    fn why(
        &self,
        ending: Ending,
        response: &Response<'_>,
        usage: Option<Usage>,
    ) -> Result<Finish, UpstreamError> {
        if is_failure(ending, response) {
            return Err(UpstreamError::Reported(failure(response)));
        }
        match (text(response.status.as_ref()), ending) {
            ("incomplete", _) | (_, Ending::Incomplete) => {
                let filtered = response.reason().as_deref() == Some("content_filter");
                Ok(if filtered { Finish::ContentFilter } else { Finish::Length })
            }
            (_, Ending::Completed | Ending::Failed) => {
                let most = self.expected.max_output_tokens.map(u64::from);
                let spent =
                    usage.is_some_and(|usage| most.is_some_and(|most| usage.output >= most));
                Ok(if spent && !response.tells_cuts() { Finish::Length } else { Finish::Stop })
            }
        }
    }

    /// Takes from the whole response what the stream did not have: all of it, or its calls.
    fn complete(
        &mut self,
        response: &Response<'_>,
        out: &mut Vec<Event>,
    ) -> Result<(), UpstreamError> {
        let output = response.output.as_deref().unwrap_or_default();
        let items = output.iter().map(|&raw| Item::read(raw)).collect::<Result<Vec<_>, _>>()?;
        let calls = items.iter().any(|item| matches!(item.kind, ItemKind::Call { .. }));
        let held = self.suspense.end();
        if calls && !self.answer.has_called() {
            // The text was the call.
            let told = self.told;
            return items.iter().try_for_each(|item| match &item.kind {
                ItemKind::Call { .. } => self.whole(item, out),
                _ if told => Ok(()),
                _ => self.whole(item, out),
            });
        }
        self.answer.say(held.text(), &held.logprobs(), out)?;
        if self.told {
            return Ok(());
        }
        items.iter().try_for_each(|item| self.whole(item, out))
    }

    /// An item that has not come in pieces.
    fn whole(&mut self, item: &Item<'_>, out: &mut Vec<Event>) -> Result<(), UpstreamError> {
        let at = At::default();
        self.added(&at, &item.kind, out)?;
        match &item.kind {
            ItemKind::Call { .. } => Ok(()),
            kind => self.rest(&at, kind, Rest::default(), out),
        }
    }
}

pub(in crate::native) fn is_failure(ending: Ending, response: &Response<'_>) -> bool {
    let status = text(response.status.as_ref());
    ending == Ending::Failed || matches!(status, "failed" | "cancelled")
}

/// What a response that failed says about it. Its other fields may quote the request.
pub(in crate::native) fn failure(response: &Response<'_>) -> Report {
    let said = response.error.map(RawValue::get).filter(|error| *error != "null");
    let Some(error) = said else {
        let message = "the model server gave up, and did not say why".to_owned();
        return Report { message, ..Report::default() };
    };
    parse_report(format!(r#"{{"error":{error}}}"#).as_bytes())
}

pub(in crate::native) fn unfinished() -> UpstreamError {
    UpstreamError::Truncated { detail: "the stream ended without its last event".to_owned() }
}
