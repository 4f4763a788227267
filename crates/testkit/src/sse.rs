//! An event-stream parser for tests, written straight from the WHATWG text.
//!
//! It follows <https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream>
//! line by line and shares nothing with the product, so a disagreement between the two is a finding.

use std::mem;

#[cfg(test)]
mod tests;

/// One dispatched event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The event type; `message` where the stream names none.
    pub event: String,
    /// The data lines joined with line feeds.
    pub data: String,
}

impl Event {
    /// The data as JSON; panics with the data when it is none.
    pub fn json(&self) -> serde_json::Value {
        match serde_json::from_str(&self.data) {
            Ok(value) => value,
            Err(error) => panic!("event data is not JSON ({error}): {}", self.data),
        }
    }
}

/// The events of a complete body. An event without its closing empty line is not dispatched.
pub fn parse(body: &[u8]) -> Vec<Event> {
    let mut parser = Parser::default();
    let mut events = parser.feed(body);
    events.extend(parser.finish());
    events
}

/// The same parser for bytes that arrive piece by piece.
#[derive(Debug, Default)]
pub struct Parser {
    line: Vec<u8>,
    /// The last byte was a CR: a LF right behind it belongs to the same line end.
    after_cr: bool,
    started: bool,
    event: String,
    data: String,
    comments: usize,
}

impl Parser {
    /// Takes the next bytes and returns the events they complete.
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<Event> {
        bytes.iter().filter_map(|byte| self.byte(*byte)).collect()
    }

    /// Ends the stream: an unterminated last line still counts as a line, an open event does not.
    pub fn finish(&mut self) -> Option<Event> {
        let last = mem::take(&mut self.line);
        if last.is_empty() { None } else { self.take_line(&last) }
    }

    /// Comment lines so far; servers send them to keep a connection alive.
    pub fn comments(&self) -> usize {
        self.comments
    }

    fn byte(&mut self, byte: u8) -> Option<Event> {
        let after_cr = mem::replace(&mut self.after_cr, byte == b'\r');
        match byte {
            b'\n' if after_cr => None,
            b'\r' | b'\n' => {
                let line = mem::take(&mut self.line);
                self.take_line(&line)
            }
            _ => {
                self.line.push(byte);
                None
            }
        }
    }

    fn take_line(&mut self, line: &[u8]) -> Option<Event> {
        let first = !mem::replace(&mut self.started, true);
        let line = line.strip_prefix(b"\xEF\xBB\xBF").filter(|_| first).unwrap_or(line);
        let line = String::from_utf8_lossy(line);
        if line.is_empty() {
            return self.dispatch();
        }
        let (field, value) = line.split_once(':').unwrap_or((&line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "" => self.comments += 1,
            "event" => value.clone_into(&mut self.event),
            "data" => {
                self.data.push_str(value);
                self.data.push('\n');
            }
            // `id` and `retry` steer reconnection, which tests of one exchange do not have.
            _ => {}
        }
        None
    }

    fn dispatch(&mut self) -> Option<Event> {
        let event = mem::take(&mut self.event);
        let mut data = mem::take(&mut self.data);
        // Every data line has added one line feed, so "no data line at all" is the empty buffer.
        data.pop()?;
        let event = if event.is_empty() { "message".to_owned() } else { event };
        Some(Event { event, data })
    }
}
