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
use transom_core::event::{Event, Finish};
use transom_core::failure::Failure;
use transom_core::id::IdSource;
use transom_core::item::ItemStatus;
use transom_core::port::store::{StoredItem, TurnStatus};
use transom_core::transcript::{Transcript, Violation};

use super::item::Shown as ShownItem;
use super::json;
use super::object::{self, Head, Outcome, PublicError, Response};
use super::request::Delivery;
use crate::chat::Dropped;

use events::Writer;

mod events;
mod payload;

/// One response, from its beginning to its end.
pub struct Encoder {
    head: Head,
    transcript: Transcript,
    writer: Option<Writer>,
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
        Self { head, transcript: Transcript::new(ids), writer }
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

    /// Takes one event in and writes what follows from it.
    pub fn event(&mut self, event: &Event, out: &mut BytesMut) -> Result<(), Violation> {
        self.transcript.apply(event)?;
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
            Some(TurnStatus::Completed) => ItemStatus::Completed,
            _ => ItemStatus::Incomplete,
        };
        self.transcript.close(status);
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
            TurnStatus::Failed | TurnStatus::Cancelled => return,
        };
        if self.writer.is_some() {
            self.lifecycle(name, &finished.object, out);
            out.extend_from_slice(b"data: [DONE]\n\n");
        }
    }

    /// Ends the answer because something broke, and tells the client: an error, the object with
    /// the items so far, and no end of stream.
    pub fn fail(&mut self, failure: &Failure, out: &mut BytesMut) -> Finished {
        self.transcript.close(ItemStatus::Incomplete);
        let finished = self.finished(&Outcome::Failed(PublicError::of(failure)));
        if let Some(writer) = &mut self.writer {
            writer.error(&failure.public(), out);
            self.lifecycle("response.failed", &finished.object, out);
        }
        finished
    }

    /// Ends the answer because the client left; there is nobody to tell.
    pub fn cancel(&mut self) -> Finished {
        self.transcript.close(ItemStatus::Incomplete);
        self.finished(&Outcome::Cancelled)
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
            status: outcome.status().unwrap_or(TurnStatus::Failed),
            object: self.object(outcome),
            output: output.collect(),
        }
    }
}

#[cfg(test)]
mod tests;
