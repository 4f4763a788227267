use proptest::prelude::*;

use super::*;

fn lines<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<String> {
    let mut found = Vec::new();
    let mut lines = Lines::default();
    for piece in pieces {
        lines.feed(piece, |line| found.push(line));
    }
    lines.finish(|line| found.push(line));
    found
}

#[test]
fn every_kind_of_line_end_ends_one_line() {
    let text = b"a\n\nb\r\nc\rd\r\r\n\xffe";
    assert_eq!(lines([&text[..]]), ["a", "", "b", "c", "d", "", "\u{fffd}e"]);
    assert_eq!(lines([&b"whole\n"[..]]), ["whole"]);
}

#[test]
fn a_line_without_measure_is_cut_and_says_so() {
    let long = vec![b'x'; LINE_LIMIT + 10];
    let found = lines([&long[..], b"yz\nnext"]);
    assert_eq!(found, [format!("{} … 12 bytes cut", "x".repeat(LINE_LIMIT)), "next".to_owned()]);
}

proptest! {
    #[test]
    fn the_pieces_do_not_matter(text in "[ab\r\n]{0,40}", cuts in prop::collection::vec(1..5_usize, 40)) {
        let mut rest = text.as_bytes();
        let mut pieces = Vec::new();
        for cut in cuts {
            let (piece, more) = rest.split_at(cut.min(rest.len()));
            pieces.push(piece);
            rest = more;
        }
        pieces.push(rest);
        prop_assert_eq!(lines(pieces), lines([text.as_bytes()]));
    }
}
