use super::read;

#[test]
fn citations_lose_their_inner_object() {
    let flat =
        r#"{"type":"url_citation","url":"https://a","title":"A","start_index":2,"end_index":5}"#;
    let nested = r#"{"type":"url_citation","url_citation":{"url":"https://a","title":"A","start_index":2,"end_index":5}}"#;
    let bare = r#"{"type":"url_citation","url_citation":{"url":"https://a"}}"#;
    let unplaced =
        r#"{"type":"url_citation","url":"https://a","title":"","start_index":0,"end_index":0}"#;
    for (came, expected) in [
        (nested, Some(flat)),
        (flat, Some(flat)),
        (bare, Some(unplaced)),
        (r#"{"type":"url_citation","url_citation":{"title":"no address"}}"#, None),
        (r#"{"type":"abacus","url":"https://a"}"#, None),
        ("7", None),
    ] {
        let list = format!("[{came}]");
        let read = read(serde_json::from_str(&list).unwrap());
        let read: Vec<_> = read.iter().map(|json| json.get()).collect();
        assert_eq!(read, expected.into_iter().collect::<Vec<_>>(), "{came}");
    }
    for odd in ["null", "{}", "\"x\""] {
        assert!(read(serde_json::from_str(odd).unwrap()).is_empty(), "{odd}");
    }
}
