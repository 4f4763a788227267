//! Bytes to lines, whatever the pieces they come in.

use std::fmt::Write as _;

use memchr::memchr2;

/// Most bytes of one line that are kept; the rest is cut, and the line says how much.
pub const LINE_LIMIT: usize = 16 * 1024;

/// Cuts a byte stream at `\n`, `\r\n` and lone `\r` (progress bars end their lines so).
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// The beginning of the current line, at most [`LINE_LIMIT`] bytes.
    head: Vec<u8>,
    /// Bytes of the current line beyond the head.
    cut: u64,
    /// The last byte was `\r`: a `\n` right after it ends no second line.
    after_return: bool,
}

impl Lines {
    /// Gives each line that ends within `bytes` to `each`.
    pub(super) fn feed(&mut self, mut bytes: &[u8], mut each: impl FnMut(String)) {
        while !bytes.is_empty() {
            if std::mem::take(&mut self.after_return) && bytes[0] == b'\n' {
                bytes = &bytes[1..];
                continue;
            }
            let Some(end) = memchr2(b'\n', b'\r', bytes) else {
                return self.extend(bytes);
            };
            self.extend(&bytes[..end]);
            self.after_return = bytes[end] == b'\r';
            each(self.take());
            bytes = &bytes[end + 1..];
        }
    }

    /// Gives the last line to `each` if it has no end of its own.
    pub(super) fn finish(mut self, each: impl FnOnce(String)) {
        if !self.head.is_empty() {
            each(self.take());
        }
    }

    fn extend(&mut self, bytes: &[u8]) {
        let kept = bytes.len().min(LINE_LIMIT - self.head.len());
        self.head.extend_from_slice(&bytes[..kept]);
        self.cut += (bytes.len() - kept) as u64;
    }

    /// The line so far; bytes that are not UTF-8 become U+FFFD.
    fn take(&mut self) -> String {
        let mut line = String::from_utf8_lossy(&self.head).into_owned();
        if self.cut > 0 {
            // Writing to a string cannot fail.
            let _ = write!(line, " … {} bytes cut", self.cut);
        }
        self.head.clear();
        self.cut = 0;
        line
    }
}

#[cfg(test)]
mod tests;
