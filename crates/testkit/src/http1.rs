//! Reading HTTP/1.1 strictly and without IO: heads, header lists, message bodies (RFC 9112).
//!
//! Strict on purpose: what a lenient server repairs in silence (a bare LF, a folded line, two
//! framings at once) is how requests are smuggled, so here it is an error the test sees.

use std::fmt;

use anyhow::{Context as _, Result, bail, ensure};

mod body;

pub use body::{BodyDecoder, Framing, Progress};

/// Longest head that is read, in bytes.
pub const MAX_HEAD: usize = 256 * 1024;

/// Header fields in the order, spelling and number in which they were sent.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Headers(Vec<(String, String)>);

impl Headers {
    /// The value of the first field of this name, in any letter case.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// The values of all fields of this name, in order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.iter().filter(move |(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, v)| v)
    }

    /// Whether a field of this name is there.
    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// All fields as (name, value).
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Adds a field at the end, without replacing one of the same name.
    pub fn push(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.push((name.into(), value.into()));
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// A start line and its header fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The request line or status line without its line end.
    pub start: String,
    /// The header fields.
    pub headers: Headers,
}

impl Head {
    /// Reads a head from the front of `bytes`.
    ///
    /// `Ok(None)` means that more bytes are needed; otherwise the head and its length with the empty
    /// line. Fails on anything RFC 9112 does not allow, and beyond [`MAX_HEAD`].
    pub fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>> {
        let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
            ensure!(bytes.len() <= MAX_HEAD, "a head longer than {MAX_HEAD} bytes");
            return Ok(None);
        };
        let text = std::str::from_utf8(&bytes[..end]).context("a head that is not UTF-8")?;
        let mut lines = text.split("\r\n");
        let start = lines.next().unwrap_or_default().to_owned();
        ensure!(!start.is_empty(), "an empty start line");
        ensure!(!start.contains(['\r', '\n', '\0']), "a control character in {start:?}");
        let headers = lines.map(field).collect::<Result<_>>()?;
        Ok(Some((Self { start, headers: Headers(headers) }, end + 4)))
    }

    /// The method and target of a request line.
    pub fn request_line(&self) -> Result<(&str, &str)> {
        match self.start.split(' ').collect::<Vec<_>>().as_slice() {
            [method, target, "HTTP/1.1"] if is_token(method) => Ok((method, target)),
            _ => bail!("not an HTTP/1.1 request line: {:?}", self.start),
        }
    }

    /// The status code of a status line.
    pub fn status(&self) -> Result<u16> {
        let rest = self.start.strip_prefix("HTTP/1.1 ").context("not an HTTP/1.1 status line")?;
        rest.get(..3).context("no status code")?.parse().context("a status that is no number")
    }
}

fn field(line: &str) -> Result<(String, String)> {
    let (name, value) =
        line.split_once(':').with_context(|| format!("a header line without a colon: {line:?}"))?;
    ensure!(is_token(name), "a header name that is no token: {name:?}");
    let value = value.trim_matches([' ', '\t']);
    ensure!(!value.contains(['\r', '\n', '\0']), "a control character in {line:?}");
    Ok((name.to_owned(), value.to_owned()))
}

fn is_token(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    !text.is_empty() && text.bytes().all(allowed)
}
