//! The grammar of JSON (RFC 8259) as a loop over the bytes, told to a visitor.

use super::number;
use super::string::{self, Rules};
use super::{Error, Fault, Span};

/// The deepest nesting that any caller may allow: one bit per level.
pub const MAX_DEPTH: u32 = 128;

/// What holds values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Container {
    /// `{…}`
    Object,
    /// `[…]`
    Array,
}

/// Somebody who watches the pass. `depth` is always the number of containers around the thing
/// that is told, so a top-level key has depth 1.
pub(crate) trait Visitor<'a> {
    /// How strictly the inside of strings is read.
    const RULES: Rules;

    /// A key, without its quotes and with its escapes; `at` is its opening quote.
    fn key(&mut self, key: &'a str, at: usize, depth: u32) -> Result<(), Error>;

    /// A string (with quotes), number, boolean or `null`.
    fn scalar(&mut self, span: Span, depth: u32) -> Result<(), Error>;

    /// A container begins at `at`.
    fn open(&mut self, container: Container, at: usize, depth: u32) -> Result<(), Error>;

    /// A container ends before `end`.
    fn close(&mut self, container: Container, end: usize, depth: u32) -> Result<(), Error>;
}

/// Reads exactly one value and the blanks around it.
pub(crate) fn walk<'a, V: Visitor<'a>>(
    text: &'a str,
    max_depth: u32,
    visitor: &mut V,
) -> Result<(), Error> {
    let limit = max_depth.min(MAX_DEPTH);
    let mut walker = Walker { text, bytes: text.as_bytes(), at: 0, depth: 0, objects: 0, limit };
    let mut next = Next::Value;
    loop {
        walker.skip_blanks();
        next = match next {
            Next::FirstElement if walker.peek() == Some(b']') => walker.close(visitor)?,
            Next::Value | Next::FirstElement => walker.value(visitor)?,
            Next::FirstKey if walker.peek() == Some(b'}') => walker.close(visitor)?,
            Next::FirstKey | Next::Key => walker.key(visitor)?,
            Next::CommaOrClose => walker.comma_or_close(visitor)?,
            Next::End if walker.at == walker.bytes.len() => return Ok(()),
            Next::End => return Err(Fault::Trailing.at(walker.at)),
        };
    }
}

/// What the grammar allows next.
enum Next {
    Value,
    FirstElement,
    FirstKey,
    Key,
    CommaOrClose,
    End,
}

struct Walker<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    depth: u32,
    /// One bit per open container, the innermost lowest: 1 for an object.
    objects: u128,
    limit: u32,
}

impl<'a> Walker<'a> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn skip_blanks(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    fn inside(&self) -> Container {
        if self.objects & 1 == 1 { Container::Object } else { Container::Array }
    }

    fn after_value(&self) -> Next {
        if self.depth == 0 { Next::End } else { Next::CommaOrClose }
    }

    fn value<V: Visitor<'a>>(&mut self, visitor: &mut V) -> Result<Next, Error> {
        let start = self.at;
        match self.peek() {
            Some(b'"') => {
                self.at = string::skip(self.bytes, start + 1, V::RULES)?.end + 1;
            }
            Some(b'{') => return self.open(Container::Object, visitor),
            Some(b'[') => return self.open(Container::Array, visitor),
            Some(b'-' | b'0'..=b'9') => self.at = number::skip(self.text, start)?,
            Some(b't') => self.word(b"true")?,
            Some(b'f') => self.word(b"false")?,
            Some(b'n') => self.word(b"null")?,
            Some(b'N' | b'I') => return Err(Fault::NotANumber.at(start)),
            _ => return Err(Fault::Expected("a value").at(start)),
        }
        visitor.scalar(start..self.at, self.depth)?;
        Ok(self.after_value())
    }

    fn word(&mut self, word: &[u8]) -> Result<(), Error> {
        if !self.bytes[self.at..].starts_with(word) {
            return Err(Fault::Expected("true, false or null").at(self.at));
        }
        self.at += word.len();
        Ok(())
    }

    fn open<V: Visitor<'a>>(
        &mut self,
        container: Container,
        visitor: &mut V,
    ) -> Result<Next, Error> {
        if self.depth == self.limit {
            return Err(Fault::Deep { limit: self.limit }.at(self.at));
        }
        visitor.open(container, self.at, self.depth)?;
        self.at += 1;
        self.depth += 1;
        self.objects = self.objects << 1 | u128::from(container == Container::Object);
        Ok(match container {
            Container::Object => Next::FirstKey,
            Container::Array => Next::FirstElement,
        })
    }

    fn close<V: Visitor<'a>>(&mut self, visitor: &mut V) -> Result<Next, Error> {
        let container = self.inside();
        self.at += 1;
        self.depth -= 1;
        self.objects >>= 1;
        visitor.close(container, self.at, self.depth)?;
        Ok(self.after_value())
    }

    fn key<V: Visitor<'a>>(&mut self, visitor: &mut V) -> Result<Next, Error> {
        if self.peek() != Some(b'"') {
            return Err(Fault::Expected("a key in double quotes").at(self.at));
        }
        let quote = self.at;
        let name = string::skip(self.bytes, quote + 1, V::RULES)?;
        self.at = name.end + 1;
        visitor.key(&self.text[name], quote, self.depth)?;
        self.skip_blanks();
        if self.peek() != Some(b':') {
            return Err(Fault::Expected("':'").at(self.at));
        }
        self.at += 1;
        Ok(Next::Value)
    }

    fn comma_or_close<V: Visitor<'a>>(&mut self, visitor: &mut V) -> Result<Next, Error> {
        match (self.peek(), self.inside()) {
            (Some(b','), Container::Object) => {
                self.at += 1;
                Ok(Next::Key)
            }
            (Some(b','), Container::Array) => {
                self.at += 1;
                Ok(Next::Value)
            }
            (Some(b'}'), Container::Object) | (Some(b']'), Container::Array) => self.close(visitor),
            (_, Container::Object) => Err(Fault::Expected("',' or '}'").at(self.at)),
            (_, Container::Array) => Err(Fault::Expected("',' or ']'").at(self.at)),
        }
    }
}
