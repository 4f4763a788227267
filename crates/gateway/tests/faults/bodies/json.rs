//! What is not JSON, or JSON that readers understand differently (C3 to C6).

use super::{JSON, ROUTES, assert_refused, assert_unheard, send};
use crate::support::{CHAT, Rig, count};

/// Values that no body may have anywhere.
fn bad_values() -> Vec<(&'static str, Vec<u8>)> {
    let depth = count(100_000, 1_000_000);
    let digits = count(1 << 20, 10 << 20);
    let text = |text: &str| text.as_bytes().to_vec();
    vec![
        ("nested arrays", [vec![b'['; depth], vec![b']'; depth]].concat()),
        ("arrays without an end", vec![b'['; depth]),
        ("nested objects", [br#"{"a":"#.repeat(depth), text("1"), vec![b'}'; depth]].concat()),
        ("a number beyond a double", text("1e400")),
        ("one on the other side", text("-1e400")),
        ("endless digits", vec![b'9'; digits]),
        ("endless decimals", [text("0."), vec![b'1'; digits]].concat()),
        ("a word for no number", text("NaN")),
        ("a word for no end", text("Infinity")),
        ("a negative one", text("-Infinity")),
        ("a leading zero", text("01")),
        ("a plus", text("+1")),
        ("a lonely point", text("1.")),
        ("hexadecimal digits", text("0x1F")),
        ("half a pair", text(r#""\ud800""#)),
        ("the other half", text(r#""\udc00x""#)),
        ("two first halves", text(r#""\ud800\ud800""#)),
        ("an escaped U+0000", text(r#""a\u0000b""#)),
        ("a bare U+0000", text("\"a\0b\"")),
        ("a bare line end", text("\"a\nb\"")),
        ("an unknown escape", text(r#""\x41""#)),
        ("a stray continuation", b"\"a\x80\"".to_vec()),
        ("an overlong slash", b"\"\xc0\xaf\"".to_vec()),
        ("an encoded half", b"\"\xed\xa0\x80\"".to_vec()),
        ("beyond the last character", b"\"\xf5\x80\x80\x80\"".to_vec()),
        ("a cut character", b"\"\xf0\x9f\x91\"".to_vec()),
        ("UTF-16", b"\xff\xfe{\0}\0".to_vec()),
        ("single quotes", text("'a'")),
        ("a comment", text("1 /* one */")),
        ("a trailing comma", text("[1,]")),
    ]
}

#[tokio::test]
async fn a_value_that_no_reader_should_meet_is_refused_wherever_it_stands() {
    let rig = Rig::start("").await;
    let values = bad_values();
    for (what, value) in &values {
        for (path, opening) in ROUTES {
            for field in ["temperature", "metadata", "tools", "frobnicate"] {
                let opening = format!(r#"{opening},"{field}":"#);
                let body = [opening.as_bytes(), value, b"}"].concat();
                let answer = send(&rig, path, &JSON, &body).await;
                let what = format!("{what} as {field} on {path}");
                assert_refused(&what, &answer, (400, "invalid_json", None));
            }
        }
    }
    println!("{} values", values.len());
    assert_unheard(&rig).await;
}

#[tokio::test]
async fn a_body_that_is_no_object_is_refused() {
    let rig = Rig::start("").await;
    let deep = vec![b'['; 1 << 20];
    let rows: [&[u8]; 12] = [
        b"",
        b" ",
        b"null",
        b"[]",
        b"7",
        b"\"text\"",
        b"{",
        b"}",
        b"{}{}",
        b"{\"a\"}",
        b"\xef\xbb\xbf{}",
        &deep,
    ];
    for body in rows {
        for (path, _) in ROUTES {
            let shown = String::from_utf8_lossy(&body[..body.len().min(9)]).into_owned();
            let answer = send(&rig, path, &JSON, body).await;
            assert_refused(&format!("{shown} on {path}"), &answer, (400, "invalid_json", None));
        }
    }
    assert_unheard(&rig).await;
}

#[tokio::test]
async fn a_key_that_appears_twice_is_refused_in_any_spelling_and_depth() {
    let rig = Rig::start("").await;
    let rows = [
        (r#","model":"other""#, "model"),
        (r#","\u006dodel":"other""#, "model"),
        (r#","stream":false,"stream":true"#, "stream"),
        (r#","metadata":{"a":"1","a":"2"}"#, "a"),
        (r#","x":[[{"deep":1,"dee\u0070":2}]]"#, "deep"),
    ];
    for (fields, key) in rows {
        for (path, opening) in ROUTES {
            let answer = send(&rig, path, &JSON, format!("{opening}{fields}}}").as_bytes()).await;
            assert_refused(
                &format!("{fields} on {path}"),
                &answer,
                (400, "duplicate_key", Some(key)),
            );
        }
    }
    assert_unheard(&rig).await;
}

#[tokio::test]
async fn odd_but_valid_text_and_numbers_arrive_as_they_were_sent() {
    let rig = Rig::start("").await;
    // Right-to-left marks, tag characters, a zero-width joiner, a byte order mark within, a pair.
    let text =
        "\u{202e}abc\u{2066} \u{e0041}\u{e007f} a\u{200d}b \u{feff} \u{10ffff} \u{fffd} \u{85}";
    let numbers = r#""temperature":-0,"seed":9223372036854775807,"top_p":1.0e-0,"top_k":-1"#;
    let body = format!(
        r#"{{"model":"tiny","messages":[{{"role":"user","content":"{text} \ud83d\udc4b"}}],{numbers}}}"#
    );
    assert_eq!(rig.client.post(CHAT, &body).await.status, 200);
    assert_eq!(rig.backend.last_request().body, body);
    let input =
        format!(r#"{{"model":"tiny","input":"{text} \ud83d\udc4b","seed":-9223372036854775808}}"#);
    let answer = rig.client.post(crate::support::RESPONSES, &input).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let sent = rig.backend.last_request().json();
    assert_eq!(sent["messages"][0]["content"], format!("{text} 👋"));
    assert_eq!(sent["seed"], i64::MIN);
    let path =
        format!("/v1/responses/{}/input_items", answer.json()["id"].as_str().expect("an id"));
    let items = rig.client.get(&path).await.json();
    assert_eq!(items["data"][0]["content"][0]["text"], format!("{text} 👋"));
}
