//! Turns the one stream into the events of the Responses API, and into the response object.
//!
//! The order of events is that of OpenAI's own streams. Both ways of delivery fold the same
//! events, so a streamed answer and a whole one hold the same.
//!
//! A response ends in two steps, so that it can be stored in between: [`Encoder::finish`] closes
//! what is open and makes the object, [`Encoder::terminal`] tells the client.

use std::sync::Arc;

use bytes::BytesMut;
use serde_json::value::RawValue;
use transom_core::Json;
use transom_core::clock::Timestamp;
use transom_core::event::{Event, Finish, ItemIndex};
use transom_core::failure::Failure;
use transom_core::id::IdSource;
use transom_core::item::{Conformity, Item, ItemStatus};
use transom_core::port::store::{StoredItem, TurnStatus};
use transom_core::tool::Tool;
use transom_core::transcript::{Transcript, Violation};

use super::item::Shown as ShownItem;
use super::json;
use super::object::{self, Head, Outcome, PublicError, Response};
use super::request::Delivery;
use crate::chat::Dropped;
use crate::grammar::Grammars;

use events::Writer;

mod events;
mod orphan;
mod payload;

pub use orphan::{End, end_orphan};

/// Seals thoughts for the client that asks for them.
pub type Seal = Box<dyn Fn(&[String]) -> String + Send + Sync>;

/// One response, from its beginning to its end.
pub struct Encoder {
    head: Head,
    grammars: Grammars,
    transcript: Transcript,
    writer: Option<Writer>,
    seal: Option<Seal>,
}

/// A response that has ended.
#[derive(Clone, Debug)]
pub struct Finished {
    /// How.
    pub status: TurnStatus,
    /// The response object: the body of a whole answer, and what `GET` returns.
    pub object: Json,
    /// The items of the answer as they are kept.
    pub output: Vec<StoredItem>,
}

impl Encoder {
    /// An answer with nothing in it yet, whose items get their ids from `ids`. A whole delivery
    /// writes nothing; its object comes from [`Encoder::finish`].
    pub fn new(head: Head, ids: Arc<dyn IdSource>, delivery: Delivery) -> Self {
        let writer = match delivery {
            Delivery::Whole => None,
            Delivery::Stream => Some(Writer::default()),
        };
        let grammars = Grammars::default();
        Self { head, grammars, transcript: Transcript::new(ids), writer, seal: None }
    }

    /// Thoughts are sealed when they have ended, if the request asks for it.
    #[must_use]
    pub fn with_seal(self, seal: Seal) -> Self {
        let wanted = self.head.settings.seal_thoughts;
        Self { seal: wanted.then_some(seal), ..self }
    }

    /// Tells it the tools in force: the input of a custom tool is then checked against its grammar,
    /// however the call came about, and its item says so where it does not follow.
    #[must_use]
    pub fn with_tools(mut self, tools: &[Tool]) -> Self {
        self.grammars = Grammars::of(tools);
        self
    }

    /// The answer so far.
    pub fn transcript(&self) -> &Transcript {
        &self.transcript
    }

    /// Notes what the model is not shown. To be called before the first event is written.
    pub fn leave_out(&mut self, dropped: Dropped) {
        self.head.dropped = dropped;
    }

    /// Writes the first two events.
    pub fn begin(&mut self, out: &mut BytesMut) {
        if self.writer.is_some() {
            let object = self.object(&Outcome::InProgress);
            self.lifecycle("response.created", &object, out);
            self.lifecycle("response.in_progress", &object, out);
        }
    }

    /// Writes the first two events of a response that waits in the background, and gives its object.
    pub fn queue(&mut self, out: &mut BytesMut) -> Json {
        let object = self.object(&Outcome::Queued);
        self.lifecycle("response.created", &object, out);
        self.lifecycle("response.queued", &object, out);
        object
    }

    /// Writes that a response which waited is being written, and gives its object.
    pub fn start(&mut self, out: &mut BytesMut) -> Json {
        let object = self.object(&Outcome::InProgress);
        self.lifecycle("response.in_progress", &object, out);
        object
    }

    /// How many events have been written.
    pub fn written(&self) -> u64 {
        self.writer.as_ref().map_or(0, Writer::written)
    }

    /// Forgets that events from this number on have been written: they were not sent.
    pub fn rewind(&mut self, written: u64) {
        if let Some(writer) = &mut self.writer {
            writer.rewind(written);
        }
    }

    /// Takes one event in and writes what follows from it.
    pub fn event(&mut self, event: &Event, out: &mut BytesMut) -> Result<(), Violation> {
        self.transcript.apply(event)?;
        if let Event::ItemDone { item, .. } = event {
            self.check(*item);
            self.seal_thoughts();
        }
        if let Some(writer) = &mut self.writer {
            writer.event(event, &self.transcript, out);
        }
        Ok(())
    }

    /// Ends the answer because the model stopped: closes what is open and makes the object. The
    /// client has not been told yet.
    pub fn finish(&mut self, finish: Finish, now: Timestamp, out: &mut BytesMut) -> Finished {
        let outcome = Outcome::Ended { finish, at: now };
        let status = match outcome.status() {
            TurnStatus::Completed => ItemStatus::Completed,
            _ => ItemStatus::Incomplete,
        };
        self.close(status);
        if status == ItemStatus::Completed {
            (0..)
                .take(self.transcript.entries().len())
                .map(ItemIndex)
                .for_each(|at| self.check(at));
        }
        if let Some(writer) = &mut self.writer {
            writer.close(&self.transcript, out);
        }
        self.finished(&outcome)
    }

    /// Tells the client how the answer ended: the terminal event of a complete or incomplete
    /// response, and the end of the stream.
    pub fn terminal(&mut self, finished: &Finished, out: &mut BytesMut) {
        let name = match finished.status {
            TurnStatus::Completed => "response.completed",
            TurnStatus::Incomplete => "response.incomplete",
            _ => return,
        };
        if self.writer.is_some() {
            self.lifecycle(name, &finished.object, out);
            out.extend_from_slice(b"data: [DONE]\n\n");
        }
    }

    /// Ends the answer because something broke, and tells the client: an error, the object with
    /// the items so far, and no end of stream.
    pub fn fail(&mut self, failure: &Failure, out: &mut BytesMut) -> Finished {
        self.close(ItemStatus::Incomplete);
        let finished = self.finished(&Outcome::Failed(PublicError::of(failure)));
        if let Some(writer) = &mut self.writer {
            writer.error(&failure.public(), out);
            self.lifecycle("response.failed", &finished.object, out);
        }
        finished
    }

    /// Ends the answer because the client left, or does not want it any more. Whoever still reads
    /// its stream is told: OpenAI has no event for it, so it is an error.
    pub fn cancel(&mut self, out: &mut BytesMut) -> Finished {
        self.close(ItemStatus::Incomplete);
        if let Some(writer) = &mut self.writer {
            writer.error(&Failure::Cancelled.public(), out);
        }
        self.finished(&Outcome::Cancelled)
    }

    /// Ends what is open.
    fn close(&mut self, status: ItemStatus) {
        self.transcript.close(status);
        self.seal_thoughts();
    }

    fn seal_thoughts(&mut self) {
        if let Some(seal) = &self.seal {
            self.transcript.seal_thoughts(seal);
        }
    }

    /// Checks the whole input of a custom tool, once. What a limit cut is not whole.
    fn check(&mut self, item: ItemIndex) {
        if let Some(Item::CustomToolCall(call)) =
            self.transcript.entry(item).map(|entry| &entry.item)
            && (call.status, call.conformity) == (ItemStatus::Completed, Conformity::Unasked)
        {
            let conformity = self.grammars.check(&call.tool, &call.input);
            self.transcript.note(item, conformity);
        }
    }

    fn lifecycle(&mut self, name: &'static str, object: &RawValue, out: &mut BytesMut) {
        if let Some(writer) = &mut self.writer {
            writer.lifecycle(name, object, out);
        }
    }

    fn object(&self, outcome: &Outcome) -> Json {
        json::raw(&object::Shown::of(Response {
            head: &self.head,
            entries: self.transcript.entries(),
            usage: self.transcript.usage(),
            outcome,
        }))
    }

    fn finished(&self, outcome: &Outcome) -> Finished {
        let output = self.transcript.entries().iter().map(|entry| StoredItem {
            id: entry.id.as_str().to_owned(),
            json: json::raw(&ShownItem(&entry.item)),
        });
        Finished {
            status: outcome.status(),
            object: self.object(outcome),
            output: output.collect(),
        }
    }
}

#[cfg(test)]
mod tests;
