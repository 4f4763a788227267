//! The same bytes in other pieces, or only some of them.

use std::time::Duration;

use bytes::Bytes;

use super::{Answer, Step};

impl Answer {
    /// The bytes of all `Send` steps together.
    pub fn body(&self) -> Bytes {
        let sends = self.steps.iter().filter_map(|step| match step {
            Step::Send(bytes) => Some(bytes.as_ref()),
            _ => None,
        });
        sends.collect::<Vec<_>>().concat().into()
    }

    /// Splits every `Send` so that each event of a stream (up to its empty line) is one piece.
    #[must_use]
    pub fn by_event(self) -> Self {
        self.split_sends(|bytes| {
            let end = bytes.windows(2).position(|pair| pair == b"\n\n");
            end.map_or(bytes.len(), |at| at + 2)
        })
    }

    /// Splits every `Send` into pieces of at most `size` bytes (at least 1).
    #[must_use]
    pub fn in_pieces_of(self, size: usize) -> Self {
        self.split_sends(|bytes| size.clamp(1, bytes.len()))
    }

    /// Sends one byte at a time.
    #[must_use]
    pub fn byte_by_byte(self) -> Self {
        self.in_pieces_of(1)
    }

    /// Sends the body in two pieces, divided at this byte; other steps keep their places before it.
    #[must_use]
    pub fn split_at(self, at: usize) -> Self {
        self.divide(at, None)
    }

    /// This answer once for every place at which its body can be divided in two.
    pub fn every_split(&self) -> impl Iterator<Item = Self> + use<> {
        let this = self.clone();
        (1..this.body().len()).map(move |at| this.clone().split_at(at))
    }

    /// Sends only the first `at` bytes, then does this step (a reset, a close, a hang) instead.
    #[must_use]
    pub fn cut_at(self, at: usize, end: Step) -> Self {
        self.divide(at, Some(end))
    }

    /// Waits this long before every `Send` but the first.
    #[must_use]
    pub fn drip(mut self, pause: Duration) -> Self {
        let mut sent = false;
        let steps = std::mem::take(&mut self.steps);
        for step in steps {
            let sends = matches!(step, Step::Send(_));
            if sends && sent {
                self.steps.push(Step::Pause(pause));
            }
            sent |= sends;
            self.steps.push(step);
        }
        self
    }

    fn split_sends(mut self, piece: impl Fn(&[u8]) -> usize) -> Self {
        for step in std::mem::take(&mut self.steps) {
            let mut bytes = match step {
                // An empty `Send` has a meaning of its own: it sends the head.
                Step::Send(bytes) if !bytes.is_empty() => bytes,
                other => {
                    self.steps.push(other);
                    continue;
                }
            };
            while !bytes.is_empty() {
                let next = bytes.split_to(piece(&bytes));
                self.steps.push(Step::Send(next));
            }
        }
        self
    }

    fn divide(mut self, at: usize, end: Option<Step>) -> Self {
        let mut left = at;
        let mut steps = std::mem::take(&mut self.steps).into_iter();
        for step in steps.by_ref() {
            let Step::Send(mut bytes) = step else {
                self.steps.push(step);
                continue;
            };
            if bytes.len() < left {
                left -= bytes.len();
                self.steps.push(Step::Send(bytes));
                continue;
            }
            let head = bytes.split_to(left);
            self.steps.push(Step::Send(head));
            match end {
                Some(end) => {
                    self.steps.push(end);
                    return self;
                }
                None => self.steps.push(Step::Send(bytes)),
            }
            break;
        }
        self.steps.extend(steps);
        self
    }
}
