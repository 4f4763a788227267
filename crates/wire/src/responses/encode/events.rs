//! Writes events, numbered, in OpenAI's order.

use bytes::BytesMut;
use memchr::memchr2;
use serde::Serialize;
use serde_json::value::RawValue;
use transom_core::content::Part;
use transom_core::event::{Delta, Event, ItemIndex};
use transom_core::failure::Public;
use transom_core::item::Item;
use transom_core::transcript::{Entry, Transcript};

use super::payload;
use crate::responses::item::{Shown, ShownPart};
use crate::responses::json;

/// The state of a stream that is being written.
#[derive(Default)]
pub(super) struct Writer {
    /// The number of the next event.
    sequence: u64,
    /// How far each item has been told, in the order in which they began.
    told: Vec<Told>,
}

/// How far an item has been told.
#[derive(Clone, Copy)]
enum Told {
    /// It has begun, and so have this many of its parts.
    Parts(u32),
    /// It is done.
    Done,
}

impl Writer {
    /// A stream of which so many events have been written.
    pub(super) fn after(sequence: u64) -> Self {
        Self { sequence, told: Vec::new() }
    }

    /// The next event has this number.
    pub(super) fn rewind(&mut self, sequence: u64) {
        self.sequence = sequence;
    }

    /// How many events have been written.
    pub(super) fn written(&self) -> u64 {
        self.sequence
    }

    /// Writes what follows from `event`, which `transcript` has taken in.
    pub(super) fn event(&mut self, event: &Event, transcript: &Transcript, out: &mut BytesMut) {
        match event {
            Event::ItemBegan { item, .. } => {
                if let Some(entry) = transcript.entry(*item) {
                    self.told.push(Told::Parts(0));
                    self.item("response.output_item.added", *item, entry, out);
                }
            }
            Event::Delta { item, delta } => {
                if let Some(entry) = transcript.entry(*item) {
                    self.delta(*item, entry, delta, out);
                }
            }
            Event::ItemDone { item, .. } => {
                if let Some(entry) = transcript.entry(*item) {
                    self.done(*item, entry, out);
                }
            }
            Event::Started { .. } | Event::Usage(_) | Event::Finished(_) => {}
        }
    }

    /// Writes the end of every item that has not been told to be done.
    pub(super) fn close(&mut self, transcript: &Transcript, out: &mut BytesMut) {
        for (index, entry) in (0..).map(ItemIndex).zip(transcript.entries()) {
            self.done(index, entry, out);
        }
    }

    /// Writes an event that carries the whole response.
    pub(super) fn lifecycle(
        &mut self,
        kind: &'static str,
        response: &RawValue,
        out: &mut BytesMut,
    ) {
        let sequence_number = self.next();
        frame(out, kind, &payload::Lifecycle { kind, sequence_number, response });
    }

    /// Writes an error.
    pub(super) fn error(&mut self, public: &Public, out: &mut BytesMut) {
        let payload = payload::Error {
            kind: "error",
            sequence_number: self.next(),
            code: &public.code,
            message: &public.message,
            param: public.param.as_deref(),
        };
        frame(out, payload.kind, &payload);
    }

    fn next(&mut self) -> u64 {
        let number = self.sequence;
        self.sequence += 1;
        number
    }

    fn item(&mut self, kind: &'static str, index: ItemIndex, entry: &Entry, out: &mut BytesMut) {
        let payload = payload::WholeItem {
            kind,
            sequence_number: self.next(),
            output_index: index.0,
            item: Shown(&entry.item),
        };
        frame(out, kind, &payload);
    }

    fn delta(&mut self, index: ItemIndex, entry: &Entry, delta: &Delta, out: &mut BytesMut) {
        let (kind, empty, text, logprobs) = match delta {
            Delta::Text { text, logprobs } => {
                let logprobs = Some(logprobs.as_slice());
                ("response.output_text.delta", Some(ShownPart::EMPTY_TEXT), text, logprobs)
            }
            Delta::Annotation(annotation) => {
                return self.annotation(index, entry, delta, annotation, out);
            }
            Delta::Refusal(text) => {
                ("response.refusal.delta", Some(ShownPart::Refusal { refusal: "" }), text, None)
            }
            Delta::Reasoning(text) => {
                let empty = ShownPart::ReasoningText { text: "" };
                ("response.reasoning_text.delta", Some(empty), text, None)
            }
            Delta::Arguments(text) => ("response.function_call_arguments.delta", None, text, None),
            Delta::Input(text) => ("response.custom_tool_call_input.delta", None, text, None),
        };
        let place = Place { item_id: entry.id.as_str(), output_index: index.0 };
        let content_index = empty.map(|empty| self.part_index(place, entry, delta, empty, out));
        let payload = payload::Piece {
            kind,
            sequence_number: self.next(),
            item_id: place.item_id,
            output_index: place.output_index,
            content_index,
            delta: text,
            logprobs,
        };
        frame(out, kind, &payload);
    }

    fn annotation(
        &mut self,
        index: ItemIndex,
        entry: &Entry,
        delta: &Delta,
        annotation: &RawValue,
        out: &mut BytesMut,
    ) {
        let place = Place { item_id: entry.id.as_str(), output_index: index.0 };
        let content_index = self.part_index(place, entry, delta, ShownPart::EMPTY_TEXT, out);
        let payload = payload::AnnotationAdded {
            kind: "response.output_text.annotation.added",
            sequence_number: self.next(),
            item_id: place.item_id,
            output_index: place.output_index,
            content_index,
            annotation_index: annotations(&entry.item).saturating_sub(1),
            annotation,
        };
        frame(out, payload.kind, &payload);
    }

    /// The place of the part that has grown; tells of it first if it is new.
    fn part_index(
        &mut self,
        place: Place<'_>,
        entry: &Entry,
        delta: &Delta,
        empty: ShownPart<'_>,
        out: &mut BytesMut,
    ) -> u32 {
        let index = grown_part(&entry.item, delta);
        let told = self.told.get_mut(place.output_index as usize);
        if let Some(Told::Parts(count)) = told
            && *count <= index
        {
            *count = index + 1;
            self.part("response.content_part.added", place, index, empty, out);
        }
        index
    }

    fn part(
        &mut self,
        kind: &'static str,
        place: Place<'_>,
        content_index: u32,
        part: ShownPart<'_>,
        out: &mut BytesMut,
    ) {
        let payload = payload::WholePart {
            kind,
            sequence_number: self.next(),
            item_id: place.item_id,
            output_index: place.output_index,
            content_index,
            part,
        };
        frame(out, kind, &payload);
    }

    fn done(&mut self, index: ItemIndex, entry: &Entry, out: &mut BytesMut) {
        match self.told.get_mut(index.0 as usize) {
            Some(told @ Told::Parts(_)) => *told = Told::Done,
            Some(Told::Done) | None => return,
        }
        let place = Place { item_id: entry.id.as_str(), output_index: index.0 };
        match &entry.item {
            Item::Message(message) => {
                for (at, part) in (0..).zip(&message.content) {
                    self.message_part_done(place, at, part, out);
                }
            }
            Item::Reasoning(reasoning) => {
                for (at, text) in (0..).zip(&reasoning.content) {
                    self.text_done("response.reasoning_text.done", place, at, text, None, out);
                    let part = ShownPart::ReasoningText { text };
                    self.part("response.content_part.done", place, at, part, out);
                }
            }
            Item::FunctionCall(call) => {
                let payload = payload::ArgumentsDone {
                    kind: "response.function_call_arguments.done",
                    sequence_number: self.next(),
                    item_id: place.item_id,
                    output_index: place.output_index,
                    arguments: &call.arguments,
                    name: &call.tool.name,
                };
                frame(out, payload.kind, &payload);
            }
            Item::CustomToolCall(call) => {
                let payload = payload::InputDone {
                    kind: "response.custom_tool_call_input.done",
                    sequence_number: self.next(),
                    item_id: place.item_id,
                    output_index: place.output_index,
                    input: &call.input,
                };
                frame(out, payload.kind, &payload);
            }
            Item::FunctionCallOutput(_)
            | Item::CustomToolCallOutput(_)
            | Item::Compaction(_)
            | Item::Hosted(_) => {}
        }
        self.item("response.output_item.done", index, entry, out);
    }

    fn message_part_done(&mut self, place: Place<'_>, at: u32, part: &Part, out: &mut BytesMut) {
        let shown = match part {
            Part::Text(text) => {
                let logprobs = Some(text.logprobs.as_slice());
                self.text_done("response.output_text.done", place, at, &text.text, logprobs, out);
                ShownPart::of_text(text)
            }
            Part::Refusal(refusal) => {
                let payload = payload::RefusalDone {
                    kind: "response.refusal.done",
                    sequence_number: self.next(),
                    item_id: place.item_id,
                    output_index: place.output_index,
                    content_index: at,
                    refusal,
                };
                frame(out, payload.kind, &payload);
                ShownPart::Refusal { refusal }
            }
            // Models answer with nothing else: no event makes such a part.
            Part::Image(_) | Part::File(_) | Part::Audio(_) => return,
        };
        self.part("response.content_part.done", place, at, shown, out);
    }

    fn text_done(
        &mut self,
        kind: &'static str,
        place: Place<'_>,
        content_index: u32,
        text: &str,
        logprobs: Option<&[transom_core::Json]>,
        out: &mut BytesMut,
    ) {
        let payload = payload::TextDone {
            kind,
            sequence_number: self.next(),
            item_id: place.item_id,
            output_index: place.output_index,
            content_index,
            text,
            logprobs,
        };
        frame(out, kind, &payload);
    }
}

/// Which item an event is about.
#[derive(Clone, Copy)]
struct Place<'a> {
    item_id: &'a str,
    output_index: u32,
}

/// How many annotations a message has.
fn annotations(item: &Item) -> usize {
    let Item::Message(message) = item else { return 0 };
    let of_part = |part: &Part| match part {
        Part::Text(text) => text.annotations.len(),
        _ => 0,
    };
    message.content.iter().map(of_part).sum()
}

/// The place of the part that `delta` has grown.
fn grown_part(item: &Item, delta: &Delta) -> u32 {
    let Item::Message(message) = item else { return 0 };
    let refusal = matches!(delta, Delta::Refusal(_));
    let found = (0..).zip(&message.content).find(|(_, part)| match part {
        Part::Text(_) => !refusal,
        Part::Refusal(_) => refusal,
        Part::Image(_) | Part::File(_) | Part::Audio(_) => false,
    });
    found.map_or(0, |(at, _)| at)
}

/// Writes one event. JSON that is carried as it came may have line breaks between its tokens,
/// which would end the event early: they become spaces.
fn frame<T: Serialize>(out: &mut BytesMut, name: &str, payload: &T) {
    out.extend_from_slice(b"event: ");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\ndata: ");
    let mut start = out.len();
    json::write(payload, out);
    while let Some(at) = out.get(start..).and_then(|rest| memchr2(b'\n', b'\r', rest)) {
        out[start + at] = b' ';
        start += at + 1;
    }
    out.extend_from_slice(b"\n\n");
}
