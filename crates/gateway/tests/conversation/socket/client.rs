//! A WebSocket client.

use std::net::SocketAddr;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{WebSocketStream, client_async};
use transom_testkit::exchanges::{self, Form};
use transom_testkit::{PATIENCE, TestGateway};

use crate::support::{RESPONSES, json};

pub(crate) struct Client(WebSocketStream<TcpStream>);

/// An open connection, or the answer to a refused handshake: its status.
pub(crate) async fn connect(
    gateway: &TestGateway,
    headers: &[(&'static str, &str)],
) -> Result<Client, u16> {
    let authority = gateway.url().trim_start_matches("http://");
    let address: SocketAddr = authority.parse().expect("an address");
    let socket = TcpStream::connect(address).await.expect("connecting");
    let mut request =
        format!("ws://{authority}{RESPONSES}").into_client_request().expect("a request");
    for (name, value) in headers {
        request.headers_mut().append(*name, value.parse().expect("a header"));
    }
    match client_async(request, socket).await {
        Ok((stream, answer)) => {
            assert_eq!(answer.headers().get("sec-websocket-extensions"), None);
            Ok(Client(stream))
        }
        Err(tungstenite::Error::Http(answer)) => Err(answer.status().as_u16()),
        Err(error) => panic!("{error}"),
    }
}

/// The kinds of events.
pub(crate) fn kinds(messages: &[Value]) -> Vec<&str> {
    messages.iter().filter_map(|message| message["type"].as_str()).collect()
}

impl Client {
    pub(crate) async fn open(gateway: &TestGateway) -> Self {
        let headers = [
            ("openai-beta", "responses_websockets=2026-02-06"),
            ("sec-websocket-extensions", "permessage-deflate; client_max_window_bits"),
        ];
        connect(gateway, &headers).await.unwrap_or_else(|status| panic!("refused: {status}"))
    }

    pub(crate) async fn send(&mut self, text: &str) {
        self.0.send(Message::text(text)).await.expect("sending");
    }

    /// Begins a response with these fields beside the model.
    pub(crate) async fn create(&mut self, fields: &str) {
        self.send(&format!(r#"{{"type":"response.create","model":"tiny",{fields}}}"#)).await;
    }

    /// The next event.
    pub(crate) async fn next(&mut self) -> Value {
        loop {
            match self.message().await {
                Message::Text(text) => return json(&text),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("{other:?} instead of an event"),
            }
        }
    }

    /// The next message of any kind.
    pub(crate) async fn message(&mut self) -> Message {
        let message = timeout(PATIENCE, self.0.next()).await.expect("a message in time");
        let message = message.expect("no end").expect("a message");
        if let Message::Text(text) = &message {
            exchanges::note("GET", RESPONSES, 101, Form::Message, text);
        }
        message
    }

    /// Events up to the first of this kind, which is returned.
    pub(crate) async fn until(&mut self, kind: &str) -> Value {
        loop {
            let event = self.next().await;
            if event["type"] == kind {
                return event;
            }
        }
    }

    /// All events of a response with these fields.
    pub(crate) async fn ask(&mut self, fields: &str) -> Vec<Value> {
        self.create(fields).await;
        let ends = ["response.completed", "response.incomplete", "response.failed"];
        let mut events = Vec::new();
        loop {
            let event = self.next().await;
            let kind = event["type"].as_str().unwrap_or_default();
            let over = ends.contains(&kind) || event["status"].is_u64();
            events.push(event);
            if over {
                return events;
            }
        }
    }

    /// The response object of a response that is completed.
    pub(crate) async fn respond(&mut self, fields: &str) -> Value {
        let last = self.ask(fields).await.pop().expect("an event");
        assert_eq!(last["type"], "response.completed", "{last}");
        last["response"].clone()
    }

    /// Continues a response.
    pub(crate) async fn go_on(&mut self, previous: &Value, fields: &str) -> Value {
        self.respond(&format!(r#""previous_response_id":{},{fields}"#, previous["id"])).await
    }

    /// Status and code of the error that a response with these fields gets.
    pub(crate) async fn refused(&mut self, fields: &str) -> (u64, String) {
        let messages = self.ask(fields).await;
        assert_eq!(kinds(&messages), ["error"], "{messages:?}");
        let told = &messages[0];
        let code = told["error"]["code"].as_str().expect("a code").to_owned();
        (told["status"].as_u64().expect("a status"), code)
    }

    /// Sends a ping and waits for its pong.
    pub(crate) async fn ping(&mut self) {
        self.0.send(Message::Ping("here".into())).await.expect("sending");
        while self.message().await != Message::Pong("here".into()) {}
    }

    pub(crate) async fn close(&mut self) {
        self.0.close(None).await.expect("closing");
    }

    /// The code and the reason of the close that comes next, after which the connection ends.
    pub(crate) async fn closed(&mut self) -> (u16, String) {
        let Message::Close(Some(close)) = self.message().await else { panic!("no close") };
        let rest = timeout(PATIENCE, self.0.next()).await.expect("an end in time");
        assert!(!matches!(rest, Some(Ok(_))), "{rest:?} after the close");
        (close.code.into(), close.reason.to_string())
    }

    /// Sends a message of this many bytes as far as anybody takes it.
    pub(crate) async fn flood(&mut self, bytes: usize) {
        // The other side may stop reading.
        let _ = self.0.send(Message::text("x".repeat(bytes))).await;
    }

    pub(crate) async fn send_binary(&mut self) {
        self.0.send(Message::binary("{}")).await.expect("sending");
    }
}
