use super::*;

fn served(ids: &[&str]) -> Vec<ServedModel> {
    ids.iter().map(|id| ServedModel { id: Arc::from(*id), max_model_len: None }).collect()
}

#[test]
fn a_name_that_is_not_served_is_answered_with_the_nearest_ones() {
    let list = served(&["llama-3", "qwen3.6-35b", "GPT-OSS-120B", "gpt-oss-20b"]);
    assert_eq!(
        unknown_name("gpt-oss-120b", &list),
        "the model server does not know the name \"gpt-oss-120b\"; it serves \"GPT-OSS-120B\", \
         \"gpt-oss-20b\", \"qwen3.6-35b\" and 1 more: set `model` of the deployment to a name it \
         serves, or start vLLM with `--served-model-name gpt-oss-120b`"
    );
    let forged = unknown_name("m", &served(&["a\nERROR forged line"]));
    assert!(!forged.contains('\n'), "{forged}");
    assert!(unknown_name("m", &[]).ends_with("it lists no model at all"));
}
