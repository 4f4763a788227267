//! Messages to and from the client.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};
use transom_core::failure::Failure;
use transom_wire::error::socket_event;

use super::end::End;

/// How long a client may take to answer a close. Then the connection is cut.
const CLOSE_WAIT: Duration = Duration::from_secs(1);

/// Bytes buffered per connection and direction.
const BUFFER: usize = 16 * 1024;

/// The client's end of a connection. How long it may take to read what it is told is the socket's
/// business ([`crate::guarded`]), as it is for every other answer.
pub(super) struct Peer(WebSocketStream<TokioIo<Upgraded>>);

/// What comes from a client.
pub(super) enum Heard {
    /// A message.
    Text(Bytes),
    /// A ping or a pong. Pings are answered by the library.
    Sign,
    /// Nothing more.
    End(End),
}

impl Peer {
    /// Takes messages of at most `limit` bytes.
    pub(super) async fn new(upgraded: Upgraded, limit: usize) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(BUFFER)
            .write_buffer_size(BUFFER)
            .max_message_size(Some(limit))
            .max_frame_size(Some(limit));
        let io = TokioIo::new(upgraded);
        Self(WebSocketStream::from_raw_socket(io, Role::Server, Some(config)).await)
    }

    /// The next message. Nothing is lost when the result is dropped before it is there.
    pub(super) async fn hear(&mut self) -> Heard {
        let Some(message) = self.0.next().await else { return Heard::End(End::Gone) };
        match message {
            Ok(Message::Text(text)) => Heard::Text(text.into()),
            Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)) => Heard::Sign,
            Err(Error::Capacity(_)) => {
                let limit = self.0.get_config().max_message_size.unwrap_or_default();
                Heard::End(End::TooLarge { limit })
            }
            Err(Error::Protocol(_)) => Heard::End(End::Broken),
            Ok(Message::Binary(_)) | Err(Error::Utf8(_)) => Heard::End(End::NotText),
            Ok(Message::Close(_)) | Err(_) => Heard::End(End::Gone),
        }
    }

    /// Sends events; a ping where there are none, which keeps the connection open on the way.
    pub(super) async fn tell(&mut self, events: Vec<Bytes>) -> Result<(), End> {
        if events.is_empty() {
            return self.send(Message::Ping(Bytes::new())).await;
        }
        for event in events {
            let text = Utf8Bytes::try_from(event).map_err(|_| End::Gone)?;
            self.0.feed(Message::Text(text)).await.map_err(|_| End::Gone)?;
        }
        self.0.flush().await.map_err(|_| End::Gone)
    }

    /// Sends an error that is not part of a response.
    pub(super) async fn refuse(&mut self, failure: &Failure) -> Result<(), End> {
        self.tell(vec![socket_event(&failure.public())]).await
    }

    async fn send(&mut self, message: Message) -> Result<(), End> {
        self.0.send(message).await.map_err(|_| End::Gone)
    }

    /// Ends the connection: the last error, the close, and a while for the client to take both.
    pub(super) async fn close(mut self, end: &End) {
        let closing = async {
            if let Some(failure) = end.failure() {
                self.refuse(&failure).await?;
            }
            if let Some((code, reason)) = end.close() {
                let reason = Utf8Bytes::from_static(reason);
                self.send(Message::Close(Some(CloseFrame { code, reason }))).await?;
            }
            // Until the client has answered the close, or nothing more can be understood.
            while let Some(Ok(_)) = self.0.next().await {}
            if matches!(end, End::TooLarge { .. }) {
                self.discard().await;
            }
            Ok::<_, End>(())
        };
        // Whoever does not take part is cut off.
        let _ = tokio::time::timeout(CLOSE_WAIT, closing).await;
    }

    /// Reads what is still on its way: a connection that is closed before that is reset, and takes
    /// the last words along.
    async fn discard(&mut self) {
        let io = self.0.get_mut();
        let mut buffer = vec![0; BUFFER];
        let _ = io.shutdown().await;
        while let Ok(1..) = io.read(&mut buffer).await {}
    }
}
