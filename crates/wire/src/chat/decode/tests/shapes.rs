//! Well-formed answers of every shape.

use insta::assert_snapshot;
use transom_core::event::Finish;

use transom_core::event::ItemHead;

use super::{DONE, Decoder, Event, USAGE, call, chunk, delta, failure, finish, ids, run, told};

#[test]
fn the_first_delta_of_a_call_is_never_an_invented_object() {
    let stream = [
        call(r#"{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":""}}"#),
        call(r#"{"index":0,"function":{"arguments":"{\"x\""}}"#),
        call(r#"{"index":0,"function":{"arguments":":1}"}}"#),
        finish("tool_calls"),
    ];
    assert_snapshot!(told(&stream), @r#"
    started "m"
    0 call "f" "a"
    0 arguments x2 "{\"x\":1}"
    0 Completed
    finished ToolCalls
    "#);
}

#[test]
fn a_call_without_arguments_gets_an_empty_object_unless_it_was_cut() {
    let begin = call(r#"{"index":0,"id":"a","function":{"name":"f"}}"#);
    assert_snapshot!(told(&[begin.clone(), finish("stop")]), @r#"
    started "m"
    0 call "f" "a"
    0 arguments x1 "{}"
    0 Completed
    finished ToolCalls
    "#);
    assert_snapshot!(told(&[begin, finish("length")]), @r#"
    started "m"
    0 call "f" "a"
    0 Incomplete
    finished Length
    "#);
}

#[test]
fn calls_without_an_id_or_with_a_repeated_one_get_fresh_ids() {
    let stream = [
        call(r#"{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}"#),
        call(r#"{"index":1,"id":"a","function":{"name":"f","arguments":"{}"}}"#),
        call(r#"{"index":7,"function":{"name":"f","arguments":"{}"}}"#),
        finish("tool_calls"),
    ];
    assert_snapshot!(told(&stream), @r#"
    started "m"
    0 call "f" "a"
    0 arguments x1 "{}"
    0 Completed
    1 call "f" "call_00000000000000000000000000000001"
    1 arguments x1 "{}"
    1 Completed
    2 call "f" "call_00000000000000000000000000000002"
    2 arguments x1 "{}"
    2 Completed
    finished ToolCalls
    "#);
}

#[test]
fn the_same_thoughts_under_both_names_are_taken_once() {
    let stream = [
        delta(r#""role":"assistant","content":"","reasoning_content":null"#),
        delta(r#""reasoning":"so","reasoning_content":"so""#),
        delta(r#""reasoning_content":" be""#),
        finish("length"),
        USAGE.to_owned(),
        DONE.to_owned(),
    ];
    assert_snapshot!(told(&stream), @r#"
    started "m"
    0 Reasoning
    0 thoughts x2 "so be"
    0 Incomplete
    Usage { input: 3, cached: 0, output: 2, reasoning: 0 }
    finished Length
    "#);
}

#[test]
fn whitespace_waits_for_the_text_it_belongs_to() {
    let thought = delta(r#""reasoning":"hm""#);
    let blank = delta(r#""content":"\n""#);
    let text = delta(r#""content":"\nHi ""#);
    let call = call(r#"{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}"#);
    let stop = finish("stop");
    assert_snapshot!(told(&[&thought, &blank, &text, &blank, &call, &blank, &stop]), @r#"
    started "m"
    0 Reasoning
    0 thoughts x1 "hm"
    0 Completed
    1 Message
    1 text x2 "\n\nHi \n"
    1 Completed
    2 call "f" "a"
    2 arguments x1 "{}"
    2 Completed
    finished ToolCalls
    "#);
    assert_snapshot!(told(&[&thought, &blank, &call, &blank, &text, &stop]), @r#"
    started "m"
    0 Reasoning
    0 thoughts x1 "hm"
    0 Completed
    1 call "f" "a"
    1 arguments x1 "{}"
    2 Message
    2 text x1 "\n\nHi "
    1 Completed
    2 Completed
    finished ToolCalls
    "#);
}

#[test]
fn an_empty_answer_is_an_empty_message_and_one_cut_before_its_text_is_none() {
    let blank = delta(r#""role":"assistant","content":"""#);
    assert_snapshot!(told(&[&blank, &finish("stop")]), @r#"
    started "m"
    0 Message
    0 text x1 ""
    0 Completed
    finished Stop
    "#);
    assert_snapshot!(told(&[&blank, &finish("content_filter")]), @r#"
    started "m"
    finished ContentFilter
    "#);
}

#[test]
fn a_refusal_is_part_of_the_message() {
    let stream = [delta(r#""content":"Well. ""#), delta(r#""refusal":"No.""#), finish("stop")];
    assert_snapshot!(told(&stream), @r#"
    started "m"
    0 Message
    0 text x1 "Well. "
    0 refusal x1 "No."
    0 Completed
    finished Stop
    "#);
}

#[test]
fn log_probabilities_stay_with_the_text_and_leave_with_the_thoughts() {
    let with = |delta: &str| {
        chunk(&format!(r#""delta":{{{delta}}},"logprobs":{{"content":[{{"token":"t"}}]}}"#))
    };
    let stream = [
        with(r#""reasoning":"hm""#),
        with(""),
        with(r#""content":"\n""#),
        with(r#""content":"a""#),
        with(r#""content":"""#),
        finish("stop"),
    ];
    assert_snapshot!(told(&stream), @r#"
    started "m"
    0 Reasoning
    0 thoughts x1 "hm"
    0 Completed
    1 Message
    1 text x2 "\na" with 3 logprobs
    1 Completed
    finished Stop
    "#);
}

#[test]
fn other_choices_are_skipped_and_nothing_counts_after_the_stop() {
    let other = r#"{"model":"m","choices":[{"index":1,"delta":{"content":"other"}}]}"#.to_owned();
    let twice = r#"{"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":9}}"#.to_owned();
    let text = delta(r#""content":"a""#);
    let stop = finish("repetition");
    let (usage, done) = (USAGE.to_owned(), DONE.to_owned());
    let stream = [&other, &text, &twice, &stop, &text, &finish("length"), &usage, &done, &text];
    assert_snapshot!(told(&stream), @r#"
    started "m"
    0 Message
    0 text x1 "a"
    0 Completed
    Usage { input: 3, cached: 0, output: 2, reasoning: 0 }
    finished Stop
    "#);
}

#[test]
fn usage_that_cannot_be_true_is_no_usage() {
    let absurd = r#"{"choices":[],"usage":{"prompt_tokens":-1,"completion_tokens":2}}"#.to_owned();
    let odd = r#"{"choices":[],"usage":"much"}"#.to_owned();
    for usage in [absurd, odd] {
        let (_, transcript, result) = run(&[delta(r#""content":"a""#), finish("stop"), usage]);
        assert_eq!((result, transcript.usage()), (Ok(()), None));
        assert_eq!(transcript.finish(), Some(Finish::Stop));
    }
}

#[test]
fn a_call_does_not_get_an_id_that_the_conversation_knows() {
    let chunk = |id: &str, index: u8| {
        format!(
            r#"{{"choices":[{{"delta":{{"tool_calls":[{{"index":{index},"id":"{id}","function":{{"name":"f","arguments":"{{}}"}}}}]}}}}]}}"#
        )
    };
    let mut decoder = Decoder::new(ids()).with_known_calls(["call_0".to_owned()]);
    let mut events = Vec::new();
    for (index, id) in (0..).zip(["call_0", "call_1", "call_1"]) {
        decoder.feed(chunk(id, index).as_bytes(), &mut events).unwrap();
    }
    let given = events.iter().filter_map(|event| match event {
        Event::ItemBegan { head: ItemHead::FunctionCall { call_id, .. }, .. } => {
            Some(call_id.as_str())
        }
        _ => None,
    });
    let fresh = |number: u8| format!("call_{number:032x}");
    assert_eq!(given.collect::<Vec<_>>(), [&fresh(1), "call_1", &fresh(2)]);
}

#[test]
fn an_answer_has_content_when_something_of_it_can_be_seen() {
    let content = |stream: &[String]| {
        let mut decoder = Decoder::new(ids());
        let mut events = Vec::new();
        for data in stream {
            decoder.feed(data.as_bytes(), &mut events).unwrap();
        }
        (decoder.has_content(), events.len())
    };
    let role = delta(r#""role":"assistant","content":"""#);
    let blank = delta(r#""content":"\n\n""#);
    assert_eq!(content(&[]), (false, 0));
    assert_eq!(content(&[role.clone(), blank.clone()]), (false, 1));
    assert!(content(&[role.clone(), delta(r#""reasoning":"I""#)]).0);
    assert!(content(&[role.clone(), blank, delta(r#""content":"x""#)]).0);
    assert!(content(&[call(r#"{"index":0,"id":"a","function":{"name":"f"}}"#)]).0);
    assert!(content(&[role, finish("stop")]).0);
}

/// Citations come in the same chunk as text, or alone behind it.
#[test]
fn annotations_belong_to_the_text_that_is_open() {
    let citation = r#"{"type":"url_citation","url_citation":{"url":"https://a","title":"A","start_index":0,"end_index":2}}"#;
    let stream = [
        delta(r#""content":"Hi""#),
        delta(&format!(r#""annotations":[{citation},{{"type":"odd"}}]"#)),
        delta(r#""content":" you","annotations":null"#),
        delta(r#""annotations":"odd""#),
        finish("stop"),
        DONE.to_owned(),
    ];
    let flat =
        r#"{"type":"url_citation","url":"https://a","title":"A","start_index":0,"end_index":2}"#;
    let expected = format!(
        "started \"m\"\n0 Message\n0 text x1 \"Hi\"\n0 annotation x1 {flat:?}\n0 text x1 \" you\"\n0 Completed\nfinished Stop\n"
    );
    assert_eq!(told(&stream), expected);
    let many = format!(r#""annotations":[{}]"#, vec![citation; 1025].join(","));
    assert!(failure(&[delta(&many)]).to_string().contains("too many annotations"));
}

/// Fields that a server leaves out of log probabilities are filled in.
#[test]
fn log_probabilities_are_whole() {
    let chunk = chunk(
        r#""delta":{"content":"ü"},"logprobs":{"content":[{"token":"ü","logprob":-0.5}]},"finish_reason":"stop""#,
    );
    let (_, transcript, _) = run(&[chunk, DONE.to_owned()]);
    let shown = format!("{:?}", transcript.entries()[0].item);
    assert!(shown.contains(r#""bytes":[195,188],"top_logprobs":[]"#), "{shown}");
}
