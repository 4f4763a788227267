use bytes::Bytes;

use super::behind;

#[test]
fn a_client_gets_what_is_behind_the_events_it_has() {
    let frames = Bytes::from_static(b"event: a\ndata: 0\n\nevent: b\ndata: 1\n\ndata: [DONE]\n\n");
    let cases = [
        (0, "event: a\ndata: 0\n\nevent: b\ndata: 1\n\ndata: [DONE]\n\n"),
        (1, "event: b\ndata: 1\n\ndata: [DONE]\n\n"),
        (2, "data: [DONE]\n\n"),
        (3, ""),
        (u64::MAX, ""),
    ];
    for (skipped, expected) in cases {
        assert_eq!(behind(&frames, skipped), expected, "{skipped}");
    }
}
