use super::*;

#[test]
fn the_answers_of_real_servers_are_read() {
    // Recorded of vLLM 0.32.0 and of llama.cpp's server.
    let vllm =
        br#"{"count":5,"max_model_len":32768,"tokens":[275,78,334,1253,544],"token_strs":null}"#;
    assert_eq!(read_count(vllm), Some(5));
    assert_eq!(read_tokens(br#"{"tokens":[28120]}"#), Some(1));
    assert_eq!(read_prompt(br#"{"prompt":"<|im_start|>"}"#).as_deref(), Some("<|im_start|>"));
}

#[test]
fn what_another_server_says_is_not_taken_for_a_count() {
    // llama.cpp's server answers vLLM's question like this.
    assert_eq!(read_count(br#"{"tokens":[]}"#), None);
    for other in ["", "[]", "<html>", r#"{"count":-1}"#, r#"{"count":"5"}"#, r#"{"tokens":5}"#] {
        assert_eq!(read_count(other.as_bytes()), None, "{other}");
        assert_eq!(read_tokens(other.as_bytes()), None, "{other}");
        assert_eq!(read_prompt(other.as_bytes()), None, "{other}");
    }
}

#[test]
fn a_prompt_is_asked_for_as_the_server_reads_it() {
    let expected = r#"{"content":"<|a|> \"b\"","add_special":true,"parse_special":true}"#;
    assert_eq!(text_question("<|a|> \"b\""), expected);
}
