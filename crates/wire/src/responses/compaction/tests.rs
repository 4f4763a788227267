use transom_core::clock::Timestamp;
use transom_core::id::ResponseId;
use transom_core::item::{Item, Sealed};
use transom_core::usage::Usage;

use super::{Compacted, kept, summary};
use crate::responses::item::from_stored;
use crate::responses::sample::Counter;

fn items(list: &[&str]) -> Vec<Item> {
    let read = |json: &&str| from_stored(serde_json::from_str(json).unwrap()).unwrap();
    list.iter().map(read).collect()
}

const CONVERSATION: &[&str] = &[
    r#"{"type":"message","id":"msg_a","role":"developer","content":"Rules."}"#,
    r#"{"type":"message","id":"msg_b","role":"user","content":[{"type":"input_text","text":"Look"},
        {"type":"input_image","image_url":"https://example.com/a.png"}]}"#,
    r#"{"type":"reasoning","id":"rs_a","summary":[],"encrypted_content":"x"}"#,
    r#"{"type":"function_call","id":"fc_a","call_id":"c","name":"f","arguments":"{}"}"#,
    r#"{"type":"function_call_output","id":"fco_a","call_id":"c","output":"7"}"#,
    r#"{"type":"message","id":"msg_c","role":"assistant","content":"Seven."}"#,
    r#"{"type":"compaction","id":"cmp_a","encrypted_content":"y"}"#,
    r#"{"type":"message","role":"system","content":"More rules."}"#,
];

#[test]
fn what_the_user_and_the_application_said_stays_and_the_rest_becomes_one_item() {
    let compacted = Compacted {
        id: ResponseId::fresh(&Counter::default()),
        created_at: Timestamp::from_millis(1_767_225_600_123),
        kept: kept(&items(CONVERSATION)),
        sealed: Sealed::shut("sealed".to_owned()),
        usage: Usage { input: 100, cached: 40, output: 20, reasoning: 5 },
    };
    insta::assert_snapshot!(compacted.into_json(&Counter::default()).get());
}

#[test]
fn a_summary_is_the_text_of_an_answer_and_nothing_else_of_it() {
    let of = |list: &[&str]| summary(items(list).iter());
    let text = |text: &str| {
        format!(
            r#"{{"type":"message","role":"assistant","content":[{{"type":"output_text","text":"{text}"}}]}}"#
        )
    };
    let thought = r#"{"type":"reasoning","content":[{"type":"reasoning_text","text":"Hm"}]}"#;
    let refusal =
        r#"{"type":"message","role":"assistant","content":[{"type":"refusal","refusal":"No"}]}"#;
    let call = r#"{"type":"function_call","call_id":"c","name":"f","arguments":"{}"}"#;
    assert_eq!(of(&[thought, &text(" One\\n"), call, &text("Two")]), Some("One\n\nTwo".to_owned()));
    for none in [&[][..], &[thought], &[refusal], &[call], &[&text(" ")]] {
        assert_eq!(of(none), None);
    }
}
