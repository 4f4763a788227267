use super::*;

#[test]
fn a_long_body_is_cut_between_two_characters() {
    let body = format!("a{}", "é".repeat(BODY_LIMIT));
    let shown = beginning(body.as_bytes());
    assert_eq!(shown.len(), BODY_LIMIT - 1);
    assert!(body.starts_with(shown));
    assert_eq!(beginning(b"short"), "short");
}
