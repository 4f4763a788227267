//! An answer that is read event by event.

use std::collections::VecDeque;
use std::time::Instant;

use anyhow::Result;

use crate::http1::{BodyDecoder, Framing, Head, Headers};
use crate::raw::RawClient;
use crate::sse::{self, Event};

/// An event and when its last byte arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimedEvent {
    /// The event.
    pub event: Event,
    /// When it was complete.
    pub at: Instant,
}

/// A streamed answer. Dropping it leaves with FIN, [`EventStream::reset`] with RST.
#[derive(Debug)]
pub struct EventStream {
    /// The status code.
    pub status: u16,
    /// The header fields.
    pub headers: Headers,
    /// All body bytes so far.
    pub bytes: Vec<u8>,
    connection: RawClient,
    decoder: BodyDecoder,
    parser: sse::Parser,
    ready: VecDeque<TimedEvent>,
}

impl EventStream {
    pub(super) fn new(connection: RawClient, head: Head) -> Result<Self> {
        Ok(Self {
            status: head.status()?,
            decoder: BodyDecoder::new(Framing::of_response(&head)?),
            headers: head.headers,
            bytes: Vec::new(),
            connection,
            parser: sse::Parser::default(),
            ready: VecDeque::new(),
        })
    }

    /// The next event; `None` at the proper end of the body, an error where it was cut short.
    pub async fn try_next(&mut self) -> Result<Option<TimedEvent>> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Ok(Some(event));
            }
            let Some(bytes) = self.connection.read_body(&mut self.decoder).await? else {
                return Ok(None);
            };
            let at = Instant::now();
            self.bytes.extend_from_slice(&bytes);
            let events = self.parser.feed(&bytes).into_iter();
            self.ready.extend(events.map(|event| TimedEvent { event, at }));
        }
    }

    /// As [`EventStream::try_next`]; a body cut short fails the test.
    pub async fn next(&mut self) -> Option<TimedEvent> {
        match self.try_next().await {
            Ok(event) => event,
            Err(error) => panic!("the stream broke: {error:#}"),
        }
    }

    /// Reads on until an event of this type; fails if the stream ends without one.
    pub async fn until(&mut self, event: &str) -> TimedEvent {
        while let Some(next) = self.next().await {
            if next.event.event == event {
                return next;
            }
        }
        panic!("the stream ended without an event `{event}`")
    }

    /// All remaining events.
    pub async fn collect(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some(next) = self.next().await {
            events.push(next.event);
        }
        events
    }

    /// Comment lines so far.
    pub fn comments(&self) -> usize {
        self.parser.comments()
    }

    /// Leaves with RST.
    pub fn reset(self) {
        self.connection.reset();
    }
}
