use super::whole;

fn told(json: &str) -> Option<String> {
    whole(serde_json::from_str(json).unwrap()).map(|whole| whole.get().to_owned())
}

#[test]
fn what_a_server_leaves_out_follows_from_the_token() {
    for (came, expected) in [
        // Whole already: nothing of it changes, spaces and additions included.
        (
            r#"{"token":"a", "logprob":-1e-2,"bytes":[97],"top_logprobs":[],"id":7}"#,
            Some(r#"{"token":"a", "logprob":-1e-2,"bytes":[97],"top_logprobs":[],"id":7}"#),
        ),
        (
            r#"{"token":"ü","logprob":-0.50}"#,
            Some(r#"{"token":"ü","logprob":-0.50,"bytes":[195,188],"top_logprobs":[]}"#),
        ),
        (
            r#"{"token":"a","logprob":null,"bytes":null,"top_logprobs":[{"token":"b","logprob":-1}]}"#,
            Some(
                r#"{"token":"a","logprob":-9999.0,"bytes":[97],"top_logprobs":[{"token":"b","logprob":-1,"bytes":[98]}]}"#,
            ),
        ),
        // Half a character has bytes of its own, which its text cannot tell.
        (
            r#"{"token":"\ufffd","logprob":-1,"bytes":[195]}"#,
            Some(r#"{"token":"\ufffd","logprob":-1,"bytes":[195],"top_logprobs":[]}"#),
        ),
        (r#"{"logprob":-1}"#, None),
        (r#"{"token":"a","logprob":"low"}"#, None),
        (r#"["a",-1,[97],[]]"#, None),
        ("null", None),
    ] {
        let expected = expected.map(|json| json.replace("\\ufffd", "\u{fffd}"));
        assert_eq!(told(came), expected, "{came}");
    }
}
