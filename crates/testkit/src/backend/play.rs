//! One answer on one socket, while watching for the peer to leave.

use std::fmt::Write as _;
use std::future::pending;
use std::io;

use bytes::BytesMut;

use super::ledger::Ledger;
use crate::answer::{After, Answer, Framing, Step};
use crate::socket::Socket;
use crate::watched::Watched;

/// Most bytes a peer may send ahead while it is being answered.
const MAX_AHEAD: usize = 64 * 1024;

/// How an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The connection can carry the next request.
    Reusable,
    /// The script ended the connection.
    Ended,
    /// The peer was gone first.
    PeerLeft,
}

/// Plays an answer; bytes the peer sends meanwhile are kept in `incoming`.
pub(super) async fn play(
    socket: &Socket,
    incoming: &mut BytesMut,
    answer: Answer,
    ledger: &Watched<Ledger>,
    request: usize,
) -> Outcome {
    let player = Player { socket, ledger, request };
    tokio::select! {
        // The answer first: a peer may close at the very moment in which the last byte is written.
        biased;
        outcome = player.perform(answer) => outcome.unwrap_or(Outcome::PeerLeft),
        () = peer_gone(socket, incoming) => Outcome::PeerLeft,
    }
}

async fn peer_gone(socket: &Socket, incoming: &mut BytesMut) {
    while incoming.len() < MAX_AHEAD {
        match socket.read_some(incoming).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
    }
    pending::<()>().await;
}

struct Player<'a> {
    socket: &'a Socket,
    ledger: &'a Watched<Ledger>,
    request: usize,
}

impl Player<'_> {
    async fn perform(&self, answer: Answer) -> io::Result<Outcome> {
        let mut head = Some(head(&answer)).filter(|head| !head.is_empty());
        let last = answer.steps.len().saturating_sub(1);
        for (at, step) in answer.steps.into_iter().enumerate() {
            match step {
                Step::Wait(gate) => gate.pass().await,
                Step::Pause(time) => tokio::time::sleep(time).await,
                Step::Hang => pending().await,
                Step::Close => return Ok(Outcome::Ended),
                Step::Reset => {
                    self.socket.reset_on_drop();
                    return Ok(Outcome::Ended);
                }
                Step::Send(bytes) => {
                    let mut wire = head.take().unwrap_or_default().into_bytes();
                    frame(answer.framing, &bytes, &mut wire);
                    if at == last {
                        // Before the write: the peer may ask again as soon as it has these bytes.
                        self.ledger.update(|ledger| ledger.generating.remove(&self.request));
                    }
                    self.write(&wire).await?;
                    // Lets the peer run between two pieces, so that they arrive as two.
                    tokio::task::yield_now().await;
                }
            }
        }
        let mut wire = head.take().unwrap_or_default().into_bytes();
        if answer.framing == Framing::Chunked {
            wire.extend_from_slice(b"0\r\n\r\n");
        }
        self.write(&wire).await?;
        match (answer.framing, answer.after) {
            (Framing::Length | Framing::Chunked, After::KeepAlive) => Ok(Outcome::Reusable),
            (_, After::KeepAlive) => Ok(Outcome::Ended),
            (_, After::CloseAfter(time)) => {
                tokio::time::sleep(time).await;
                Ok(Outcome::Ended)
            }
        }
    }

    async fn write(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let written = self.socket.write_some(bytes).await?;
            bytes = &bytes[written..];
            self.ledger.update(|ledger| ledger.written[self.request] += written as u64);
        }
        Ok(())
    }
}

/// The head of an answer, empty for a raw one.
fn head(answer: &Answer) -> String {
    let framing = match answer.framing {
        Framing::Raw => return String::new(),
        Framing::Length => format!("content-length: {}\r\n", answer.body().len()),
        Framing::ClaimedLength(length) => format!("content-length: {length}\r\n"),
        Framing::Chunked => "transfer-encoding: chunked\r\n".to_owned(),
        Framing::UntilClose => "connection: close\r\n".to_owned(),
    };
    let mut head = format!("HTTP/1.1 {} Fake\r\nserver: uvicorn\r\n{framing}", answer.status);
    for (name, value) in answer.headers.iter() {
        write!(head, "{name}: {value}\r\n").expect("writing to a string");
    }
    head.push_str("\r\n");
    head
}

fn frame(framing: Framing, bytes: &[u8], wire: &mut Vec<u8>) {
    match framing {
        // An empty chunk would end the body.
        Framing::Chunked if bytes.is_empty() => {}
        Framing::Chunked => {
            wire.extend_from_slice(format!("{:x}\r\n", bytes.len()).as_bytes());
            wire.extend_from_slice(bytes);
            wire.extend_from_slice(b"\r\n");
        }
        _ => wire.extend_from_slice(bytes),
    }
}
