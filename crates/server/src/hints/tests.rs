use http::HeaderValue;
use transom_core::secret::Secret;

use super::*;

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.append(*name, HeaderValue::from_str(value).unwrap());
    }
    headers
}

#[test]
fn a_conversation_is_named_by_the_first_header_that_can_be_a_name() {
    let long = "x".repeat(MAX_SESSION + 1);
    let cases = [
        (&[][..], None),
        (&[("x-session-id", "c"), ("session_id", "b"), ("session-id", "a")], Some("a")),
        (&[("x-session-id", "c"), ("session_id", "b")], Some("b")),
        (&[("session-id", &long), ("x-session-id", "c")], Some("c")),
        (&[("session-id", "  ")], None),
    ];
    for (pairs, expected) in cases {
        assert_eq!(session(&headers(pairs)).as_deref(), expected, "{pairs:?}");
    }
}

#[test]
fn a_key_comes_once_and_a_wrong_one_is_refused_by_name() {
    let said = |values: &[&str]| {
        let id = ("x-request-id", "req_1");
        let keys = values.iter().map(|value| ("idempotency-key", *value));
        let pairs: Vec<_> = keys.chain([id]).collect();
        let once = once(&headers(&pairs)).map_err(|failure| failure.public().param.unwrap())?;
        Ok(once.map(|once| (once.key.as_str().to_owned(), once.request.as_str().to_owned())))
    };
    assert_eq!(said(&[]), Ok(None));
    assert_eq!(said(&["a-1"]), Ok(Some(("a-1".to_owned(), "req_1".to_owned()))));
    let longest = "k".repeat(MAX_KEY);
    assert!(said(&[&longest]).is_ok());
    for wrong in [&[""][..], &["a b"], &["a", "a"], &["ü"], &[&(longest + "k")]] {
        assert_eq!(said(wrong), Err(IDEMPOTENCY_KEY.to_owned()), "{wrong:?}");
    }
    assert!(refuse_once(&headers(&[])).is_ok());
    assert!(refuse_once(&headers(&[("idempotency-key", "a")])).is_err());
}

#[test]
fn only_holders_of_a_key_come_first_and_other_words_are_refused_by_name() {
    let key = Access::Key(Secret::new("sk-x".to_owned()));
    let said = |access: &Access, values: &[&str]| {
        let pairs: Vec<_> = values.iter().map(|value| (PRIORITY, *value)).collect();
        priority(&headers(&pairs), access).map_err(|failure| failure.public().param.unwrap())
    };
    assert_eq!(said(&key, &["high"]), Ok(Priority::High));
    assert_eq!(said(&Access::Open, &["high"]), Ok(Priority::Normal));
    for access in [key, Access::Open, Access::Local] {
        assert_eq!(said(&access, &["normal"]), Ok(Priority::Normal));
        assert_eq!(said(&access, &["low"]), Ok(Priority::Low));
        assert_eq!(said(&access, &[]), Ok(Priority::Normal));
        for wrong in [&["urgent"][..], &[""], &["low", "low"]] {
            assert_eq!(said(&access, wrong), Err(PRIORITY.to_owned()), "{wrong:?}");
        }
    }
}
