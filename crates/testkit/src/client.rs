//! A small keep-alive HTTP client that notes when every event of a stream arrived.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context as _, Result};

use crate::http1::{BodyDecoder, Framing};
use crate::raw::{RawClient, Response};

mod stream;

pub use stream::{EventStream, TimedEvent};

/// Idle connections that are kept for reuse.
const MAX_IDLE: usize = 256;

/// A client of one server. Methods panic on failures of the transport; the `try_` forms return them.
#[derive(Debug)]
pub struct Client {
    address: SocketAddr,
    headers: Vec<(String, String)>,
    idle: Mutex<Vec<RawClient>>,
}

impl Client {
    /// A client of the server at `http://HOST:PORT` (a path behind it is ignored).
    pub fn new(url: &str) -> Self {
        let authority = url.strip_prefix("http://").unwrap_or(url);
        let authority = authority.split('/').next().unwrap_or_default();
        let address = authority.parse();
        let address = address.unwrap_or_else(|_| panic!("not http://IP:PORT: {url}"));
        Self { address, headers: Vec::new(), idle: Mutex::default() }
    }

    /// Sends this header with every request.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Response {
        self.request("GET", path, &[], None).await
    }

    /// DELETE.
    pub async fn delete(&self, path: &str) -> Response {
        self.request("DELETE", path, &[], None).await
    }

    /// POST of a JSON text, which is sent as it is.
    pub async fn post(&self, path: &str, json: impl AsRef<str>) -> Response {
        self.request("POST", path, &[], Some(json.as_ref())).await
    }

    /// Any request; a body is sent as JSON unless the headers name another content type.
    pub async fn request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&str>,
    ) -> Response {
        match self.try_request(method, path, headers, body).await {
            Ok(response) => response,
            Err(error) => panic!("{method} {path}: {error:#}"),
        }
    }

    /// As [`Client::request`], with transport failures and truncated bodies as errors.
    pub async fn try_request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&str>,
    ) -> Result<Response> {
        let message = self.message(method, path, headers, body);
        let (mut connection, head) = self.exchange(&message).await?;
        let framing = Framing::of_response(&head)?;
        let mut decoder = BodyDecoder::new(framing);
        let mut bytes = Vec::new();
        while let Some(piece) = connection.read_body(&mut decoder).await? {
            bytes.extend_from_slice(&piece);
        }
        let closes =
            head.headers.get("connection").is_some_and(|v| v.eq_ignore_ascii_case("close"));
        if framing != Framing::UntilClose && !closes {
            self.keep(connection);
        }
        let status = head.status()?;
        Ok(Response { status, headers: head.headers, body: bytes.into() })
    }

    /// POST of a JSON text whose answer is read as it comes, whatever its status.
    pub async fn stream(&self, path: &str, json: impl AsRef<str>) -> EventStream {
        match self.try_stream(path, json.as_ref()).await {
            Ok(stream) => stream,
            Err(error) => panic!("POST {path}: {error:#}"),
        }
    }

    /// As [`Client::stream`], with transport failures before the head as errors.
    pub async fn try_stream(&self, path: &str, json: &str) -> Result<EventStream> {
        let message = self.message("POST", path, &[], Some(json));
        let (connection, head) = self.exchange(&message).await?;
        EventStream::new(connection, head)
    }

    /// GET of a stream that is read as it comes, whatever its status.
    pub async fn get_stream(&self, path: &str) -> EventStream {
        let message = self.message("GET", path, &[], None);
        let opened = async {
            let (connection, head) = self.exchange(&message).await?;
            EventStream::new(connection, head)
        };
        match opened.await {
            Ok(stream) => stream,
            Err(error) => panic!("GET {path}: {error:#}"),
        }
    }

    /// Sends a message and reads the head of its answer, on an idle connection where one works.
    async fn exchange(&self, message: &str) -> Result<(RawClient, crate::http1::Head)> {
        if let Some(mut reused) = self.take() {
            // The server may have closed it meanwhile; a fresh one decides then.
            if reused.send(message).await.is_ok()
                && let Ok(head) = reused.read_head().await
            {
                return Ok((reused, head));
            }
        }
        let mut fresh = RawClient::connect(self.address).await.context("connecting")?;
        fresh.send(message).await.context("sending")?;
        let head = fresh.read_head().await?;
        Ok((fresh, head))
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The bytes of a request, headers of this client included.
    pub(crate) fn message(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&str>,
    ) -> String {
        let mut message = format!("{method} {path} HTTP/1.1\r\nhost: {}\r\n", self.address);
        let own = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        for (name, value) in own.chain(headers.iter().copied()) {
            write!(message, "{name}: {value}\r\n").expect("writing to a string");
        }
        if let Some(body) = body {
            let typed = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
            if !typed {
                message.push_str("content-type: application/json\r\n");
            }
            write!(message, "content-length: {}\r\n\r\n{body}", body.len())
                .expect("writing to a string");
        } else {
            message.push_str("\r\n");
        }
        message
    }

    fn take(&self) -> Option<RawClient> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn keep(&self, connection: RawClient) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < MAX_IDLE {
            idle.push(connection);
        }
    }
}
