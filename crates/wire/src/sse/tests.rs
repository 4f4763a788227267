use bytes::Bytes;
use proptest::prelude::*;
use transom_testkit::sse::{Event, parse};

use super::*;

fn event(frame: &Frame) -> Event {
    let text = |bytes: &Bytes| String::from_utf8(bytes.to_vec()).unwrap();
    Event {
        event: frame.event.as_ref().map_or("message".to_owned(), text),
        data: text(&frame.data),
    }
}

fn split(chunks: impl IntoIterator<Item = Vec<u8>>) -> Vec<Event> {
    let mut splitter = Splitter::new(MAX_EVENT_BYTES);
    let mut events = Vec::new();
    for chunk in chunks {
        splitter.push(Bytes::from(chunk));
        while let Some(frame) = splitter.next_frame().unwrap() {
            events.push(event(&frame));
        }
    }
    events
}

const ODDITIES: &str = "\u{feff}: comment\r\ndata: one\r\n\r\ndata:two\rdata:  three\r\r\n\n\
    event: named\nid: 7\nretry: 10\ndata: {\"é\":1}\nunknown: x\n\ndata\n\ndata\ndata\n\n\
    event: no data\n\n: only a comment\n\ndata: last\n\ndata: never ended\n";

#[test]
fn the_odd_and_the_plain_are_read_as_the_standard_says() {
    let message = |data: &str| Event { event: "message".to_owned(), data: data.to_owned() };
    assert_eq!(
        split([ODDITIES.as_bytes().to_vec()]),
        [
            message("one"),
            message("two\n three"),
            Event { event: "named".to_owned(), data: "{\"é\":1}".to_owned() },
            message(""),
            message("\n"),
            message("last"),
        ]
    );
}

#[test]
fn every_way_to_cut_a_stream_in_three_gives_the_same_events() {
    let stream = ODDITIES.as_bytes();
    let whole = parse(stream);
    for first in 0..stream.len() {
        for second in first..stream.len() {
            let cut = [&stream[..first], &stream[first..second], &stream[second..]];
            assert_eq!(split(cut.map(<[u8]>::to_vec)), whole, "cut at {first} and {second}");
        }
    }
}

#[test]
fn an_event_within_a_chunk_is_not_copied() {
    let chunk = Bytes::from_static(b"data: {\"a\":1}\n\n");
    let mut splitter = Splitter::new(64);
    splitter.push(chunk.clone());
    let frame = splitter.next_frame().unwrap().unwrap();
    assert_eq!(frame.data.as_ptr(), chunk[6..].as_ptr());
}

#[test]
fn an_endless_line_ends_at_the_limit() {
    let mut splitter = Splitter::new(1000);
    let mut taken = 0;
    let error = loop {
        splitter.push(Bytes::from_static(&[b'x'; 100]));
        match splitter.next_block() {
            Ok(block) => assert_eq!(block, None),
            Err(error) => break error,
        }
        taken += 100;
    };
    assert_eq!((error, taken), (Error::TooLarge { limit: 1000 }, 1000));

    let mut splitter = Splitter::new(100);
    splitter.push(Bytes::from(format!("data: {}\n\n", "x".repeat(200))));
    assert_eq!(splitter.next_block(), Err(Error::TooLarge { limit: 100 }));
}

proptest! {
    #[test]
    fn any_bytes_in_any_chunks_agree_with_the_standard(
        pieces in prop::collection::vec(
            prop::sample::select(vec![
                "data", ":", " ", "\n", "\r", "\r\n", "event: a", "x", "data: {}\n\n", "é", "\u{feff}",
                "id", ": c\n", "\n\n",
            ]),
            0..24,
        ),
        size in 1..9_usize,
    ) {
        let stream = pieces.concat().into_bytes();
        // The blank line that the oracle and the splitter agree on at the very end.
        let stream = [stream, b"\n\n".to_vec()].concat();
        prop_assert_eq!(split(stream.chunks(size).map(<[u8]>::to_vec)), parse(&stream));
    }

    #[test]
    fn what_is_written_is_read(name in prop::option::of("[a-z._]{1,9}"), data in "[ -~é\n]{0,40}") {
        let mut out = BytesMut::new();
        write_event(&mut out, name.as_deref(), data.as_bytes());
        let event = name.unwrap_or("message".to_owned());
        prop_assert_eq!(parse(&out), [Event { event, data }]);
    }
}
