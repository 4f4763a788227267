use std::fmt::Write as _;

use crate::responses::request::Past;
use crate::responses::sample::resolve;

/// Requests that are wrong in one place, without their braces, model and (mostly) input.
const BROKEN: &[&str] = &[
    r#""background":true"#,
    r#""background":1"#,
    r#""conversation":1"#,
    r#""conversation":{"name":"x"}"#,
    r#""conversation":"conv_1","previous_response_id":"resp_1""#,
    r#""frequency_penalty":2.5"#,
    r#""include":["everything"]"#,
    r#""include":"message.output_text.logprobs""#,
    r#""instructions":[{"role":"user","content":"x"}]"#,
    r#""instructions":1"#,
    r#""max_output_tokens":0"#,
    r#""max_output_tokens":-1"#,
    r#""max_output_tokens":1.5"#,
    r#""max_output_tokens":4294967296"#,
    r#""max_tool_calls":0"#,
    r#""max_tokens":5"#,
    r#""messages":[]"#,
    r#""metadata":[]"#,
    r#""metadata":{"a":1}"#,
    r#""n":2"#,
    r#""parallel_tool_calls":"yes""#,
    r#""presence_penalty":-3"#,
    r#""previous_response_id":5"#,
    r#""prompt":{"id":"p"}"#,
    r#""prompt_cache_key":5"#,
    r#""prompt_cache_retention":"1h""#,
    r#""reasoning":"high""#,
    r#""reasoning":{"effort":"enormous"}"#,
    r#""reasoning":{"max_tokens":5}"#,
    r#""response_format":{"type":"json_object"}"#,
    r#""safety_identifier":false"#,
    r#""service_tier":"flex""#,
    r#""store":"no""#,
    r#""stream":"yes""#,
    r#""stream_options":{"include_usage":true}"#,
    r#""temperature":2.1"#,
    r#""temperature":"hot""#,
    r#""text":{"format":{"type":"xml"}}"#,
    r#""text":{"format":{"type":"json_schema","name":"n"}}"#,
    r#""text":{"format":{"type":"json_schema","name":"not a name","schema":{}}}"#,
    r#""text":{"format":{"type":"json_schema","json_schema":{"name":"n"}}}"#,
    r#""text":{"verbosity":"loud"}"#,
    r#""tool_choice":"sometimes""#,
    r#""tool_choice":7"#,
    r#""tool_choice":{"type":"mcp","server_label":"x"}"#,
    r#""tool_choice":{"type":"function","function":{"name":"f"}}"#,
    r#""tool_choice":{"type":"allowed_tools","mode":"auto","tools":[{"type":"mcp"}]}"#,
    r#""tools":{}"#,
    r#""tools":[{"name":"f"}]"#,
    r#""tools":[{"type":"function","function":{"name":"f"}}]"#,
    r#""tools":[{"type":"function","name":"f"},{"type":"function","name":"f"}]"#,
    r#""tools":[{"type":"function","name":"a b"}]"#,
    r#""tools":[{"type":"function","name":"f","parameters":[]}]"#,
    r#""tools":[{"type":"function","name":"f","strict":1}]"#,
    r#""tools":[{"type":"web_search"}]"#,
    r#""tools":[{"type":"web_search","external_web_access":true}]"#,
    r#""tools":[{"type":"file_search","vector_store_ids":[]}]"#,
    r#""tools":[{"type":"code_interpreter","container":"c"}]"#,
    r#""tools":[{"type":"mcp","server_label":"s"}]"#,
    r#""tools":[{"type":"computer"}]"#,
    r#""tools":[{"type":"image_generation"}]"#,
    r#""tools":[{"type":"local_shell"}]"#,
    r#""tools":[{"type":"namespace","name":"n"}]"#,
    r#""tools":[{"type":"namespace","name":"n","tools":[{"type":"web_search"}]}]"#,
    r#""tools":[{"type":"namespace","name":"n","tools":[]},{"type":"namespace","name":"n","tools":[]}]"#,
    r#""tools":[{"type":"namespace","name":"n","tools":[{"type":"function","name":"f"}]},{"type":"function","name":"n__f"}]"#,
    r#""tools":[{"type":"custom","custom":{"name":"f"}}]"#,
    r#""tools":[{"type":"custom","name":"f"},{"type":"function","name":"f"}]"#,
    r#""tools":[{"type":"custom","name":"f","format":{"type":"json"}}]"#,
    r#""tools":[{"type":"custom","name":"f","format":{"type":"grammar","definition":"x"}}]"#,
    r#""tools":[{"type":"custom","name":"f","format":{"type":"grammar","syntax":"lark"}}]"#,
    r#""tools":[{"type":"custom","name":"f","format":{"type":"grammar","syntax":"peg","definition":"x"}}]"#,
    r#""tools":[{"type":"abacus"}]"#,
    r#""top_logprobs":21"#,
    r#""top_p":1.01"#,
    r#""truncation":"none""#,
    r#""user":{}"#,
    r#""input":5"#,
    r#""input":null"#,
    r#""input":[]"#,
    r#""input":["text"]"#,
    r#""input":[{}]"#,
    r#""input":[{"type":"item_reference","id":"msg_1"}]"#,
    r#""input":[{"role":"user"}]"#,
    r#""input":[{"type":"message","content":"x"}]"#,
    r#""input":[{"role":"tool","content":"x"}]"#,
    r#""input":[{"role":"user","content":5}]"#,
    r#""input":[{"role":"user","content":"\ud800"}]"#,
    r#""input":[{"role":"user","content":"x","id":""}]"#,
    r#""input":[{"role":"user","content":"x","id":"a"},{"role":"user","content":"x","id":"a"}]"#,
    r#""input":[{"role":"user","content":"x","status":"new"}]"#,
    r#""input":[{"role":"user","content":[{"text":"x"}]}]"#,
    r#""input":[{"role":"user","content":[{"type":"text","text":"x"}]}]"#,
    r#""input":[{"role":"user","content":[{"type":"input_text"}]}]"#,
    r#""input":[{"role":"user","content":"a"},{"role":"user","content":[{"type":"input_image"}]}]"#,
    r#""input":[{"role":"user","content":[{"type":"input_image","file_id":"file_1"}]}]"#,
    r#""input":[{"role":"user","content":[{"type":"input_image","image_url":"file:///etc/passwd"}]}]"#,
    r#""input":[{"role":"user","content":[{"type":"input_image","image_url":{"url":"https://a"}}]}]"#,
    r#""input":[{"role":"user","content":[{"type":"refusal","refusal":"no"}]}]"#,
    r#""input":[{"role":"assistant","content":[{"type":"input_image","image_url":"https://a"}]}]"#,
    r#""input":[{"type":"reasoning","summary":[{"type":"summary_text"}]}]"#,
    r#""input":[{"type":"reasoning","content":[{"text":"x"}]}]"#,
    r#""input":[{"type":"function_call","name":"f","arguments":"{}"}]"#,
    r#""input":[{"type":"function_call","call_id":"c","arguments":"{}"}]"#,
    r#""input":[{"type":"function_call","call_id":"c","name":"f","arguments":{}}]"#,
    r#""input":[{"type":"function_call_output","call_id":"","output":"x"}]"#,
    r#""input":[{"type":"function_call_output","call_id":"c"}]"#,
    r#""input":[{"type":"function_call_output","call_id":"c","output":[{"type":"input_file"}]}]"#,
    r#""input":[{"type":"abacus_call"}]"#,
    r#""input":[{"type":"compaction"}]"#,
    r#""input":[{"type":"compaction","encrypted_content":"gAAAA"}]"#,
    r#""input":[{"type":"compaction_trigger"}]"#,
    r#""input":[{"type":"custom_tool_call","call_id":"c","name":"f"}]"#,
    r#""input":[{"type":"custom_tool_call","call_id":"c","input":"x"}]"#,
    r#""input":[{"type":"custom_tool_call","name":"f","input":"x"}]"#,
    r#""input":[{"type":"custom_tool_call_output","output":"x"}]"#,
    r#""input":[{"type":"custom_tool_call_output","call_id":"c"}]"#,
    r#""input":[{"type":"file_search_call","id":"fs_1","status":"completed"}]"#,
    r#""input":[{"type":"web_search_call","id":7}]"#,
    r#""input":[{"type":"code_interpreter_call","id":"ci_1","code":7}]"#,
    r#""input":[{"type":"image_generation_call","id":"ig_1","status":7}]"#,
    r#""input":[{"type":"mcp_list_tools","id":"mcpl_1","server_label":"s"}]"#,
    r#""input":[{"type":"mcp_call","id":"mcp_1","name":"f","arguments":"{}"}]"#,
    r#""input":[{"type":"mcp_call","id":"mcp_1","server_label":"s","arguments":"{}"}]"#,
    r#""input":[{"type":"mcp_call","id":"mcp_1","server_label":"s","name":"f"}]"#,
    r#""input":[{"type":"mcp_approval_request","server_label":"s","name":"f","arguments":"{}"}]"#,
    r#""input":[{"type":"mcp_approval_response","approve":true}]"#,
    r#""input":[{"type":"mcp_approval_response","approval_request_id":"mcpr_1"}]"#,
    r#""input":[{"type":"local_shell_call","call_id":"c"}]"#,
    r#""input":[{"type":"local_shell_call_output","output":"x"}]"#,
    r#""input":[{"type":"local_shell_call_output","call_id":"c"}]"#,
    r#""input":[{"type":"shell_call","action":{}}]"#,
    r#""input":[{"type":"shell_call_output","call_id":"c"}]"#,
    r#""input":[{"type":"apply_patch_call","call_id":"c","status":"completed"}]"#,
    r#""input":[{"type":"apply_patch_call_output","call_id":"c"}]"#,
    r#""input":[{"type":"computer_call","call_id":"c"}]"#,
    r#""input":[{"type":"computer_call_output","call_id":"c"}]"#,
    r#""input":[{"type":"computer_call_output","call_id":"c","output":"x"}]"#,
    r#""input":[{"type":"tool_search_call","call_id":"c"}]"#,
    r#""input":[{"type":"tool_search_output","call_id":"c"}]"#,
    r#""input":[{"role":"user","content":[{"type":"input_audio"}]}]"#,
    r#""input":[{"role":"user","content":[{"type":"input_audio","input_audio":{"data":"AA=="}}]}]"#,
    r#""input":[{"role":"user","content":[{"type":"input_file","file_id":"file_1"}]}]"#,
    r#""input":[{"role":"user","content":[{"type":"input_file","file_url":"https://a/b.txt"}]}]"#,
    r#""input":[{"role":"user","content":[{"type":"input_file","filename":"a.txt"}]}]"#,
    r#""input":[{"role":"user","content":[{"type":"input_file","file_data":"not base64!"}]}]"#,
    r#""input":[{"role":"user","content":[{"type":"input_file","file_data":"data:text/plain,plain"}]}]"#,
    r#""input":[{"role":"user","content":[{"type":"input_file","file_data":"//79/Q=="}]}]"#,
];

#[test]
fn every_malformed_field_is_named() {
    let mut table = String::new();
    for broken in BROKEN {
        let input = if broken.starts_with(r#""input""#) { "" } else { r#""input":"x","# };
        let body = format!(r#"{{"model":"m",{input}{broken}}}"#);
        let refusal = resolve(&body, Past::default()).expect_err(broken).public();
        let param = refusal.param.unwrap_or_default();
        assert_eq!(refusal.status, 400, "{broken}");
        assert!(!param.is_empty(), "{broken}");
        writeln!(table, "{broken}\n    {param}  {}\n    {}", refusal.code, refusal.message)
            .unwrap();
    }
    insta::assert_snapshot!(table);
}

#[test]
fn a_body_without_model_or_without_object_is_refused() {
    let refusal = |body: &str| resolve(body, Past::default()).unwrap_err().public();
    let absent = refusal(r#"{"input":"x"}"#);
    let expected = (Some("model"), "missing_required_parameter");
    assert_eq!((absent.param.as_deref(), absent.code.as_str()), expected);
    for body in ["", "[]", "null", "{\"model\":", "5"] {
        let public = refusal(body);
        assert_eq!((public.param, public.code.as_str()), (None, "invalid_json"), "{body}");
    }
}
