use super::*;

#[test]
fn an_unknown_name_is_answered_with_the_nearest_ones() {
    let served = ["qwen3-coder-30b-instruct-fp8", "GPT-OSS-120b"]
        .map(|id| ServedModel { id: Arc::from(id), max_model_len: None });
    assert_eq!(
        unknown_name("gpt-oss-20b", &served),
        "the server does not serve `gpt-oss-20b`; it serves `GPT-OSS-120b`, \
         `qwen3-coder-30b-instruct-fp8`: write one of these as the deployment's model, or start \
         the server with --served-model-name gpt-oss-20b"
    );
    assert_eq!(distance("kitten", "sitting"), 3);
}
