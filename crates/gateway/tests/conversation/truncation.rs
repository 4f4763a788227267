//! Conversations that are too long for the model: `truncation`.

use serde_json::Value;
use transom_testkit::FakeBackend;
use transom_testkit::answer::chat::chat;
use transom_testkit::answer::{chat_text, tool_calls};
use transom_testkit::backend::Tokenizer;
use transom_testkit::raw::Response;

use crate::support::{RESPONSES, Talk, body, json, refusal, tool};

const ITEMS: &str = "x-transom-truncated-items";
const AUTO: &str = r#""truncation":"auto""#;

/// A model server whose context has so many tokens.
async fn talk(tokenizer: Tokenizer, context: u32) -> Talk {
    let backend = FakeBackend::builder().models([("tiny", context)]).tokenizer(tokenizer);
    let backend = backend.system_anywhere().start().await;
    backend.default_answer(chat_text("Yes."));
    Talk::with(backend, "").await
}

/// A text of so many words, the first of which tells it from others.
fn words(first: &str, count: usize) -> String {
    format!("{first}{}", " word".repeat(count - 1))
}

/// Turns of about `size` tokens, named `t0`, `t1`, …; the last of them.
async fn turns(talk: &Talk, count: usize, size: usize) -> Value {
    let mut last = talk.respond(&format!(r#""input":"{}""#, words("t0", size))).await;
    for at in 1..count {
        let said = words(&format!("t{at}"), size);
        last = talk.proceed(&last, &format!(r#""input":"{said}",{AUTO}"#)).await;
    }
    last
}

async fn proceed(talk: &Talk, previous: &Value, fields: &str) -> Response {
    let fields = format!(r#""previous_response_id":{},{fields}"#, previous["id"]);
    let response = talk.client.post(RESPONSES, body(&fields)).await;
    assert_eq!(response.status, 200, "{}", response.text());
    response
}

/// The first words of what users said, as the model server got it last.
fn heard(talk: &Talk) -> Vec<String> {
    let sent = talk.sent();
    let messages = sent["messages"].as_array().expect("messages").iter();
    let said = messages.filter(|message| message["role"] == "user");
    let first = |said: &Value| said["content"].as_str()?.split(' ').next().map(str::to_owned);
    said.filter_map(first).collect()
}

fn dropped(response: &Value) -> (u64, u64) {
    let told = &response["transom"]["truncation"];
    let number = |name: &str| told[name].as_u64().expect("a number");
    (number("dropped_turns"), number("dropped_items"))
}

#[tokio::test]
async fn the_fewest_oldest_turns_go_and_it_is_told() {
    let talk = talk(Tokenizer::Messages, 1000).await;
    // Each turn: 100 words and 3 around them, then an answer of 4 tokens.
    let last = turns(&talk, 8, 100).await;
    let counted = talk.backend.requests_to("/tokenize").len();
    let limit = r#""max_output_tokens":50,"instructions":"Be brief.""#;
    let response = proceed(&talk, &last, &format!(r#""input":"Now.",{AUTO},{limit}"#)).await;
    let told = response.json();
    assert_eq!(told["truncation"], "auto");
    assert_eq!((told.get("transom"), response.headers.get(ITEMS)), (None, None));
    assert_eq!(heard(&talk).len(), 9);

    // The same needs 200 tokens of answer now: two turns make room.
    let limit = r#""max_output_tokens":200,"instructions":"Be brief.""#;
    let response = proceed(&talk, &last, &format!(r#""input":"Now.",{AUTO},{limit}"#)).await;
    let told = response.json();
    assert_eq!((told["status"].as_str(), dropped(&told)), (Some("completed"), (1, 2)));
    assert_eq!(response.headers.get(ITEMS), Some("2"));
    assert_eq!(heard(&talk), ["t1", "t2", "t3", "t4", "t5", "t6", "t7", "Now."]);
    assert_eq!(talk.sent()["messages"][0]["content"], "Be brief.");
    // One turn fewer would not have done.
    let tokens = told["usage"]["input_tokens"].as_u64().expect("a number");
    assert!(tokens <= 800 && tokens + 100 > 800, "{tokens}");
    assert!(talk.backend.requests_to("/tokenize").len() - counted <= 6);
    // It is kept as it was told, and the conversation is kept whole.
    assert_eq!(talk.stored(&told["id"]).await, told);
    talk.backend.serve([("tiny", 32_000)]);
    talk.proceed(&told, r#""input":"And?""#).await;
    assert_eq!(heard(&talk).len(), 10);
}

#[tokio::test]
async fn a_stream_tells_it_in_its_head_and_in_its_events() {
    for tokenizer in [Tokenizer::Messages, Tokenizer::Prompts, Tokenizer::UsageOnly] {
        let talk = talk(tokenizer, 400).await;
        let last = turns(&talk, 4, 100).await;
        let fields = format!(
            r#""stream":true,"previous_response_id":{},"input":"Now.",{AUTO},"max_output_tokens":100"#,
            last["id"]
        );
        let mut stream = talk.client.stream(RESPONSES, body(&fields)).await;
        assert_eq!(stream.status, 200);
        let items = stream.headers.get(ITEMS).map(str::to_owned);
        let events = stream.collect().await;
        let responses: Vec<_> = events
            .iter()
            .filter(|event| event.data != "[DONE]")
            .map(transom_testkit::sse::Event::json)
            .filter(|event| event["response"].is_object())
            .map(|event| event["response"].clone())
            .collect();
        assert_eq!(responses.len(), 3, "created, in_progress, completed");
        for response in &responses {
            assert_eq!(response["truncation"], "auto");
            let (turns, gone) = dropped(response);
            assert!(turns >= 2, "{tokenizer:?}: {turns}");
            assert_eq!((gone, Some(gone.to_string())), (2 * turns, items.clone()));
        }
        assert_eq!(heard(&talk).last().map(String::as_str), Some("Now."));
    }
}

#[tokio::test]
async fn a_server_without_a_tokenizer_says_itself_what_is_too_long() {
    for tokenizer in [Tokenizer::UsageOnly, Tokenizer::Prompts] {
        let talk = talk(tokenizer, 1000).await;
        if tokenizer == Tokenizer::Prompts {
            // It counts, but its context is shorter than it says.
            talk.backend.serve([("tiny", 4000)]);
        }
        let last = turns(&talk, 8, 100).await;
        talk.backend.serve([("tiny", 600)]);
        let chats = || talk.backend.requests_to("/v1/chat/completions").len();
        let before = chats();
        let told = proceed(&talk, &last, &format!(r#""input":"Now.",{AUTO}"#)).await.json();
        assert!(dropped(&told).0 >= 3, "{told}");
        assert!(chats() - before <= 6, "{}", chats() - before);
        assert_eq!(talk.stored(&told["id"]).await["output"], told["output"]);
    }
}

#[tokio::test]
async fn calls_stay_with_their_outputs_and_what_the_application_says_stays() {
    let talk = talk(Tokenizer::Messages, 500).await;
    let long = words("sunny", 100);
    talk.backend.answer(tool_calls([("weather", r#"{"city":"Oslo"}"#)]));
    let first = format!(
        r#""input":[{{"role":"developer","content":"Rule one."}},
                   {{"role":"user","content":"{}"}}],"tools":[{}]"#,
        words("t0", 100),
        tool("weather")
    );
    let first = talk.respond(&first).await;
    let output = format!(
        r#""input":[{{"type":"function_call_output","call_id":"call_0","output":"{long}"}}]"#
    );
    let first = talk.proceed(&first, &output).await;
    let second = format!(
        r#""input":[{{"role":"developer","content":"Rule two."}},{{"role":"user","content":"{}"}}]"#,
        words("t1", 100)
    );
    let second = talk.proceed(&first, &second).await;
    talk.backend.answer(chat().tool_call("call_1", "weather", r#"{"city":"Rome"}"#));
    let third = format!(r#""input":"{}",{AUTO}"#, words("t2", 100));
    let third = talk.proceed(&second, &third).await;
    // The question, its call, its output and its answer went together.
    assert_eq!(dropped(&third), (1, 4));
    assert_eq!(heard(&talk), ["t1", "t2"]);
    let system = &talk.sent()["messages"][0]["content"];
    assert_eq!(system, "Rule one.\n\nRule two.");

    // The newest turn has become long: all others go, and of itself nothing does.
    let output = output.replace(&long, &words("hot", 250)).replace("call_0", "call_1");
    let told = talk.proceed(&third, &format!("{output},{AUTO}")).await;
    assert_eq!(heard(&talk), ["t2"]);
    assert_eq!(dropped(&told).0, 2);
    let sent = talk.sent();
    let roles: Vec<_> = sent["messages"].as_array().expect("messages").iter().collect();
    let roles: Vec<_> = roles.iter().map(|message| &message["role"]).collect();
    assert_eq!(roles, ["system", "user", "assistant", "tool"]);
}

#[tokio::test]
async fn what_cannot_be_shortened_is_refused() {
    let talk = talk(Tokenizer::Messages, 300).await;
    let last = turns(&talk, 2, 100).await;
    let too_long = (400, "context_length_exceeded", Some("input"));
    let on = format!(r#""previous_response_id":{}"#, last["id"]);
    let long = words("t2", 350);
    // With what is old, and alone.
    for fields in
        [format!(r#"{on},"input":"{long}",{AUTO}"#), format!(r#""input":"{long}",{AUTO}"#)]
    {
        let refusal = talk.refused(&fields).await;
        assert_eq!(refusal.code, "context_length_exceeded", "{}", refusal.message);
        assert_eq!(refusal.status, 400);
    }
    let fields = format!(r#"{on},"input":"Hi",{AUTO},"max_output_tokens":300"#);
    assert_eq!(talk.refused(&fields).await.brief(), too_long);
    // A stream is refused before it begins.
    let fields = format!(r#"{on},"input":"{long}",{AUTO},"stream":true"#);
    let refused = talk.client.post(RESPONSES, body(&fields)).await;
    assert_eq!(refusal(&refused).brief(), too_long);
    // Nothing is left out where nobody has asked for it.
    for fields in ["", r#","truncation":"disabled""#, r#","truncation":null"#] {
        let fields = format!(r#"{on},"input":"{}"{fields}"#, words("t2", 100));
        let refusal = talk.refused(&fields).await;
        assert_eq!((refusal.status, refusal.code.as_str()), (400, "context_length_exceeded"));
        assert_eq!(heard(&talk).len(), 3);
    }
}

#[tokio::test]
async fn what_is_short_beyond_doubt_is_not_counted() {
    let talk = talk(Tokenizer::Messages, 32_000).await;
    let last = turns(&talk, 5, 100).await;
    assert_eq!(json(&last.to_string())["truncation"], "auto");
    assert_eq!(talk.backend.requests_to("/tokenize").len(), 0);
}

#[tokio::test]
async fn the_deployment_with_the_longest_context_decides_and_gets_what_only_it_can_take() {
    let node = |context: u32| {
        FakeBackend::builder().models([("tiny", context)]).tokenizer(Tokenizer::Messages).start()
    };
    let (short, long) = (node(300).await, node(900).await);
    let yaml = format!(
        "backends:\n  - {{name: a, url: \"{}/v1\"}}\n  - {{name: b, url: \"{}/v1\"}}\nmodels:\n  \
         - {{name: tiny, deployments: [{{backend: a, model: tiny}}, {{backend: b, model: tiny}}]}}\n",
        short.url(),
        long.url()
    );
    let gateway = transom_testkit::TestGateway::builder(env!("CARGO_BIN_EXE_transom"));
    let gateway = gateway.config_yaml(yaml).start().await;
    let client = gateway.client();
    let said = |at: usize| {
        format!(
            r#"{{"role":"user","content":"{}"}},{{"role":"assistant","content":"Yes."}}"#,
            words(&format!("t{at}"), 100)
        )
    };
    let old: Vec<_> = (0..10).map(said).collect();
    let fields = format!(
        r#""input":[{},{{"role":"user","content":"Now."}}],{AUTO},"max_output_tokens":100"#,
        old.join(",")
    );
    for _ in 0..6 {
        let response = client.post(RESPONSES, body(&fields)).await;
        assert_eq!(response.status, 200, "{}", response.text());
        assert_eq!(dropped(&response.json()).0, 3);
    }
    let chats = |node: &FakeBackend| node.requests_to("/v1/chat/completions").len();
    assert_eq!((chats(&short), chats(&long)), (0, 6));
}
