use super::*;

fn model(id: &str, max_model_len: Option<u32>) -> ServedModel {
    ServedModel { id: Arc::from(id), max_model_len }
}

#[test]
fn lists_of_vllm_and_of_llama_cpp_are_read() {
    let vllm = include_bytes!("../../tests/data/vllm-models.json");
    assert_eq!(parse(vllm).as_deref(), Some(&[model("tiny", Some(32768))][..]));
    let llama = include_bytes!("../../tests/data/llama-server-models.json");
    assert_eq!(parse(llama).as_deref(), Some(&[model("smollm2", Some(2048))][..]));
}

#[test]
fn what_is_no_list_is_none_and_a_long_one_is_cut() {
    assert_eq!(parse(b"<html>welcome</html>"), None);
    assert_eq!(parse(br#"{"status":"ok"}"#), None);
    assert_eq!(parse(br#"{"data":[]}"#).as_deref(), Some(&[][..]));
    let entries = vec![r#"{"id":"m"}"#; MODELS + 1].join(",");
    let endless = format!(r#"{{"data":[{{"id":"{}"}},{entries}]}}"#, "x".repeat(ID_BYTES + 1));
    let kept = parse(endless.as_bytes()).unwrap();
    assert_eq!((kept.len(), &kept[0]), (MODELS, &model("m", None)));
}
