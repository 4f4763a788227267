use proptest::prelude::*;

use super::{Event, Parser, parse};

fn event(event: &str, data: &str) -> Event {
    Event { event: event.to_owned(), data: data.to_owned() }
}

#[test]
fn the_examples_of_the_standard_parse_as_it_says() {
    let stocks = b"data: YHOO\ndata: +2\ndata: 10\n\n";
    assert_eq!(parse(stocks), [event("message", "YHOO\n+2\n10")]);

    // A comment, two events with ids, and a third one whose value keeps its second space.
    let ids = b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n";
    let expected =
        ["first event", "second event", " third event"].map(|data| event("message", data));
    assert_eq!(parse(ids), expected);

    // Two empty data lines make one line feed; the last block is never closed.
    let empty = b"data\n\ndata\ndata\n\ndata:";
    assert_eq!(parse(empty), [event("message", ""), event("message", "\n")]);

    let spaces = b"data:test\n\ndata: test\n\n";
    assert_eq!(parse(spaces), [event("message", "test"), event("message", "test")]);
}

#[test]
fn line_ends_byte_order_mark_and_odd_fields_follow_the_standard() {
    let body = b"\xEF\xBB\xBFevent: add\r\ndata: 1\r\n\r\nevent: add\rdata: 2\r\rretry: 5\nDATA: x\nnothing\ndata: 3\n\n";
    assert_eq!(parse(body), [event("add", "1"), event("add", "2"), event("message", "3")]);
    // An event name without data dispatches nothing and does not leak into the next event.
    assert_eq!(parse(b"event: ghost\n\ndata: 4\n\n"), [event("message", "4")]);
    assert_eq!(parse(b"\n\xEF\xBB\xBFdata: 5\n\n"), []);
}

proptest! {
    #[test]
    fn any_chunking_gives_the_same_events(
        body in "(data: ?[a-zé:]{0,4}|event:[ab]|:|\r\n|\r|\n|\u{feff}){0,20}",
        size in 1_usize..5,
    ) {
        let mut parser = Parser::default();
        let mut events: Vec<_> = body.as_bytes().chunks(size).flat_map(|c| parser.feed(c)).collect();
        events.extend(parser.finish());
        prop_assert_eq!(events, parse(body.as_bytes()));
    }
}
