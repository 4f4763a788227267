//! What servers leave out, and what they write instead.

use super::*;

#[test]
fn whitespace_before_a_call_is_no_message() {
    let stream = [
        CREATED.to_owned(),
        added(0, REASONING),
        delta(0, "reasoning_text", "Hm."),
        added(1, MESSAGE),
        text(1, "\n"),
        text(1, "\n"),
        done(1, r#""type":"message","content":[{"type":"output_text","text":"\n\n"}]"#),
        call(2, "c1", "f"),
        delta(2, "function_call_arguments", "{\"a\":"),
        delta(2, "function_call_arguments", "1}"),
        whole(),
    ];
    insta::assert_snapshot!(told(&stream), @r#"
    started "m"
    0 Reasoning
    0 thoughts x1 "Hm."
    0 Completed
    1 call "f" "c1"
    1 arguments x2 "{\"a\":1}"
    1 Completed
    Usage { input: 3, cached: 0, output: 2, reasoning: 0 }
    finished ToolCalls
    "#);
}

#[test]
fn whitespace_before_text_belongs_to_it_and_messages_stay_apart() {
    let stream = [
        added(0, MESSAGE),
        text(0, "\n\n"),
        text(0, "One."),
        added(1, MESSAGE),
        text(1, "Two."),
        delta(1, "refusal", "No."),
        whole(),
    ];
    insta::assert_snapshot!(told(&stream), @r#"
    started ""
    0 Message
    0 text x1 "\n\nOne."
    0 Completed
    1 Message
    1 text x1 "Two."
    1 refusal x1 "No."
    1 Completed
    Usage { input: 3, cached: 0, output: 2, reasoning: 0 }
    finished Stop
    "#);
}

#[test]
fn what_came_only_as_a_whole_is_taken_then() {
    let arguments = r#""type":"function_call","call_id":"c","name":"f","arguments":"{\"a\":1}""#;
    let stream = [
        done(0, r#""type":"reasoning","content":[{"type":"reasoning_text","text":"Hm."}]"#),
        added(1, MESSAGE),
        done(1, r#""type":"message","content":[{"type":"output_text","text":"Hi."}]"#),
        call(2, "c", "f"),
        done(2, arguments),
        done(3, r#""type":"function_call","call_id":"d","name":"f","arguments":"{}""#),
        whole(),
    ];
    let in_pieces = told(&stream);
    insta::assert_snapshot!(in_pieces, @r#"
    started ""
    0 Reasoning
    0 thoughts x1 "Hm."
    0 Completed
    1 Message
    1 text x1 "Hi."
    1 Completed
    2 call "f" "c"
    2 arguments x1 "{\"a\":1}"
    2 Completed
    3 call "f" "d"
    3 arguments x1 "{}"
    3 Completed
    Usage { input: 3, cached: 0, output: 2, reasoning: 0 }
    finished ToolCalls
    "#);
    // All of it within the last event.
    let output = [
        r#"{"type":"reasoning","content":[{"type":"reasoning_text","text":"Hm."}]}"#,
        r#"{"type":"message","content":[{"type":"output_text","text":"Hi."}]}"#,
        &format!("{{{arguments}}}"),
        r#"{"type":"function_call","call_id":"d","name":"f","arguments":"{}"}"#,
    ]
    .join(",");
    let usage = r#""usage":{"input_tokens":3,"output_tokens":2}"#;
    let last = completed(&format!(r#""status":"completed","output":[{output}],{usage}"#));
    assert_eq!(told(&[last]), in_pieces);
}

#[test]
fn dones_that_come_late_repeat_nothing() {
    let stream = [
        added(0, REASONING),
        delta(0, "reasoning_text", "Hm."),
        call(1, "c", "f"),
        delta(1, "function_call_arguments", "{}"),
        done(0, r#""type":"reasoning","content":[{"type":"reasoning_text","text":"Hm."}]"#),
        done(1, r#""type":"function_call","call_id":"c","name":"f","arguments":"{}""#),
        whole(),
    ];
    insta::assert_snapshot!(told(&stream), @r#"
    started ""
    0 Reasoning
    0 thoughts x1 "Hm."
    0 Completed
    1 call "f" "c"
    1 arguments x1 "{}"
    1 Completed
    Usage { input: 3, cached: 0, output: 2, reasoning: 0 }
    finished ToolCalls
    "#);
}

#[test]
fn a_demanded_call_that_is_streamed_as_text_is_the_call_of_the_last_event() {
    let json = ["[{\"name\":\"f\",", "\"parameters\":{}}]"];
    let begin = [
        CREATED.to_owned(),
        added(0, REASONING),
        delta(0, "reasoning_text", "Hm."),
        added(1, MESSAGE),
        text(1, json[0]),
        text(1, json[1]),
    ];
    let output = r#"{"type":"function_call","id":"x","call_id":"c","name":"f","arguments":"{}"}"#;
    let last = completed(&format!(r#""status":"completed","output":[{output}]"#));
    insta::assert_snapshot!(told_demanded(&[&begin[..], &[last]].concat()), @r#"
    started "m"
    0 Reasoning
    0 thoughts x1 "Hm."
    0 Completed
    1 call "f" "c"
    1 arguments x1 "{}"
    1 Completed
    finished ToolCalls
    "#);
    // It was text: the model answered in JSON, without a call.
    insta::assert_snapshot!(told_demanded(&[&begin[..], &[whole()]].concat()), @r#"
    started "m"
    0 Reasoning
    0 thoughts x1 "Hm."
    0 Completed
    1 Message
    1 text x1 "[{\"name\":\"f\",\"parameters\":{}}]"
    1 Completed
    Usage { input: 3, cached: 0, output: 2, reasoning: 0 }
    finished Stop
    "#);
    // Prose does not wait.
    let decoder = Decoder::new(ids()).answering(&generation(ToolChoice::Required));
    let (events, ..) = run_with(decoder, &[text(0, " "), text(0, "No")]);
    assert!(matches!(events.last(), Some(Event::Delta { .. })));
}

#[test]
fn a_cut_marks_the_last_item_however_it_is_told() {
    let begin = [added(0, MESSAGE), text(0, "Half")];
    let incomplete = r#"{"type":"response.incomplete","response":{"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"}}}"#;
    // llama.cpp never says it; four tokens were asked for.
    let counted = r#"{"type":"response.completed","response":{"status":"completed","usage":{"input_tokens":1,"output_tokens":4}}}"#;
    let bare = r#"{"type":"response.incomplete"}"#;
    for (last, finish) in [
        (cut("max_output_tokens"), "Length"),
        (incomplete.to_owned(), "Length"),
        (counted.to_owned(), "Length"),
        (bare.to_owned(), "Length"),
        (cut("content_filter"), "ContentFilter"),
    ] {
        let told = told(&[&begin[..], &[last]].concat());
        assert!(told.contains("0 Incomplete"), "{told}");
        assert!(told.ends_with(&format!("finished {finish}\n")), "{told}");
    }
    // vLLM says so itself, and an answer of just so many tokens is whole.
    let exact = completed(r#""status":"completed","usage":{"input_tokens":1,"output_tokens":4}"#);
    assert!(told(&[&begin[..], &[exact]].concat()).ends_with("finished Stop\n"));
}

#[test]
fn ids_of_calls_are_the_servers_unless_they_clash() {
    let stream = [call(0, "c", "f"), call(1, "c", "f"), call(2, "", "f"), whole()];
    let told = told(&stream);
    assert!(told.contains("0 call \"f\" \"c\"\n"), "{told}");
    let fresh = |n: u32| format!("call_{n:032x}");
    assert!(told.contains(&fresh(1)) && told.contains(&fresh(2)), "{told}");
    let known = Decoder::new(ids()).with_known_calls(["c".to_owned()]);
    let (events, ..) = run_with(known, &[call(0, "c", "f"), whole()]);
    assert!(listing(&events, str::to_owned).contains(&fresh(1)));
}

#[test]
fn unknown_events_items_and_nulls_are_passed_over() {
    let stream = [
        CREATED.to_owned(),
        r#"{"type":"response.queued","response":null}"#.to_owned(),
        r#"{"type":"response.audio.delta","delta":{"not":"text"},"output_index":"first"}"#
            .to_owned(),
        added(0, r#""type":"web_search_call","action":{"type":"search"}"#),
        r#"{"type":"response.web_search_call.searching","item_id":"i0"}"#.to_owned(),
        done(0, r#""type":"web_search_call""#),
        r#"{"type":"keepalive"}"#.to_owned(),
        added(1, r#""type":"message","content":null,"role":null"#),
        r#"{"type":"response.output_text.delta","delta":null,"logprobs":null,"item_id":null}"#
            .to_owned(),
        r#"{"type":"response.output_text.delta","delta":"Hi"}"#.to_owned(),
        completed(r#""status":null,"output":null,"usage":null,"model":null"#),
        "what follows is not read".to_owned(),
    ];
    insta::assert_snapshot!(told(&stream), @r#"
    started "m"
    0 Message
    0 text x1 "Hi"
    0 Completed
    finished Stop
    "#);
}

#[test]
fn an_empty_answer_is_an_empty_message() {
    insta::assert_snapshot!(told(&[added(0, MESSAGE), whole()]), @r#"
    started ""
    0 Message
    0 text x1 ""
    0 Completed
    Usage { input: 3, cached: 0, output: 2, reasoning: 0 }
    finished Stop
    "#);
}

#[test]
fn usage_has_its_details_and_nonsense_is_none() {
    let usage = |usage: &str| {
        let (_, transcript, result) = run(&[completed(&format!(r#""usage":{usage}"#))]);
        assert_eq!(result, Ok(()));
        transcript.usage().map(|usage| (usage.input, usage.cached, usage.output, usage.reasoning))
    };
    let vllm = r#"{"input_tokens":9,"input_tokens_details":{"cached_tokens":8,"cached_tokens_per_turn":[]},"output_tokens":7,"output_tokens_details":{"reasoning_tokens":6},"total_tokens":16}"#;
    assert_eq!(usage(vllm), Some((9, 8, 7, 6)));
    assert_eq!(
        usage(r#"{"input_tokens":1,"output_tokens":2,"input_tokens_details":null}"#),
        Some((1, 0, 2, 0))
    );
    for nonsense in ["null", "{}", "7", r#"{"input_tokens":-1,"output_tokens":2}"#] {
        assert_eq!(usage(nonsense), None, "{nonsense}");
    }
}

#[test]
fn tokens_get_the_bytes_that_vllm_leaves_out() {
    let token = r#"{"token":"ä","logprob":-0.5,"top_logprobs":[{"token":"�","logprob":-1.0}]}"#;
    let kept = r#"{"token":"a","logprob":-0.25,"bytes":[97],"top_logprobs":[]}"#;
    let event =
        about(0, "output_text.delta", &format!(r#""delta":"äa","logprobs":[{token},{kept},7]"#));
    let (_, transcript, _) = run(&[event, whole()]);
    let transom_core::item::Item::Message(message) = &transcript.entries()[0].item else {
        panic!()
    };
    let transom_core::content::Part::Text(text) = &message.content[0] else { panic!() };
    let told: Vec<_> = text.logprobs.iter().map(|json| json.get()).collect();
    let whole = r#"{"token":"ä","logprob":-0.5,"bytes":[195,164],"top_logprobs":[{"token":"�","logprob":-1.0,"bytes":[]}]}"#;
    // What is no token at all is left out.
    assert_eq!(told, [whole, kept]);
}
