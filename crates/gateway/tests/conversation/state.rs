//! What a continuation inherits, and what is kept, listed and deleted.

use serde_json::Value;
use transom_testkit::answer::chat::chat;
use transom_testkit::answer::{Chat, Finish, chat_text, tool_calls};
use transom_testkit::{FakeBackend, Gate};

use crate::support::{RESPONSES, Talk, json, refusal, text_of, tool};

const OUTPUT: &str =
    r#""input":[{"type":"function_call_output","call_id":"call_0","output":"Sunny"}]"#;

async fn talk() -> Talk {
    Talk::with(FakeBackend::builder().system_anywhere().allow_field("verbosity").start().await, "")
        .await
}

#[tokio::test]
async fn a_continuation_has_the_whole_history_and_none_of_the_old_instructions() {
    let talk = talk().await;
    let calls =
        chat().reasoning("Ask the tool").tool_call("call_0", "weather", r#"{"city": "Paris"}"#);
    talk.backend.answer(calls).answer(chat_text("It is sunny."));
    let first =
        format!(r#""input":"Paris?","instructions":"Be brief.","tools":[{}]"#, tool("weather"));
    let first = talk.respond(&first).await;
    let second = talk.proceed(&first, OUTPUT).await;
    assert_eq!(text_of(&second), "It is sunny.");
    let expected = json(
        r#"[{"role":"user","content":"Paris?"},
            {"role":"assistant","content":null,"reasoning":"Ask the tool","tool_calls":[
                {"id":"call_0","type":"function",
                 "function":{"name":"weather","arguments":"{\"city\": \"Paris\"}"}}]},
            {"role":"tool","tool_call_id":"call_0","content":"Sunny"}]"#,
    );
    assert_eq!(talk.sent()["messages"], expected);
    assert_eq!(second["instructions"], Value::Null);

    // The next question: the tool turn stays as it was sent.
    let third = r#""input":[{"role":"developer","content":"Rhyme."},{"role":"user","content":"And Oslo?"}]"#;
    let third = talk.proceed(&second, third).await;
    talk.proceed(&third, r#""input":"And Rome?","instructions":"Be long.""#).await;
    let messages = talk.sent()["messages"].clone();
    let said: Vec<_> =
        messages.as_array().expect("messages").iter().map(|m| m["role"].clone()).collect();
    let roles =
        ["system", "user", "assistant", "tool", "assistant", "system", "user", "assistant", "user"];
    assert_eq!(said, roles);
    assert_eq!(messages[0]["content"], "Be long.");
    assert_eq!(messages[2]["reasoning"], "Ask the tool");
    assert_eq!(messages[5]["content"], "Rhyme.");
}

#[tokio::test]
async fn tools_and_their_choice_are_inherited_unless_the_request_has_the_field() {
    let talk = talk().await;
    let first = format!(r#""input":"Hi","tools":[{}],"tool_choice":"required""#, tool("weather"));
    talk.backend.default_answer(chat_text("Hello."));
    let first = talk.respond(&first).await;
    let inherited = talk.proceed(&first, r#""input":"On""#).await;
    assert_eq!(inherited["tools"], first["tools"]);
    assert_eq!(inherited["tool_choice"], "required");
    assert_eq!(talk.sent()["tool_choice"], "required");
    assert_eq!(talk.sent()["tools"][0]["function"]["name"], "weather");

    let other = talk.proceed(&inherited, r#""input":"On","tool_choice":"auto""#).await;
    assert_eq!(talk.sent()["tool_choice"], "auto");
    let fields = format!(r#""input":"On","tools":[{}]"#, tool("time"));
    let replaced = talk.proceed(&other, &fields).await;
    assert_eq!(talk.sent()["tools"][0]["function"]["name"], "time");
    for nothing in ["null", "[]"] {
        let fields = format!(r#""input":"On","tools":{nothing}"#);
        let none = talk.proceed(&replaced, &fields).await;
        assert_eq!(none["tools"], json("[]"), "{nothing}");
        assert!(talk.sent().get("tools").is_none(), "{nothing}");
    }
    // Nothing else is inherited.
    let set = r#""input":"Hi","temperature":0.5,"metadata":{"a":"b"},"max_output_tokens":9,"text":{"verbosity":"low"}"#;
    let set = talk.respond(set).await;
    let next = talk.proceed(&set, r#""input":"On""#).await;
    for (name, default) in
        [("temperature", "1.0"), ("metadata", "{}"), ("max_output_tokens", "null")]
    {
        assert_eq!(next[name].to_string(), default, "{name}");
    }
    for name in ["temperature", "max_completion_tokens", "verbosity"] {
        assert!(talk.sent().get(name).is_none(), "{name}");
    }
    let named = r#""input":"On","tool_choice":{"type":"function","name":"weather"}"#;
    let fields = format!(r#"{named},"previous_response_id":{}"#, set["id"]);
    assert_eq!(talk.refused(&fields).await.brief(), (400, "invalid_value", Some("tool_choice")));
}

#[tokio::test]
async fn each_turns_messages_are_a_prefix_of_the_next_turns() {
    let talk = talk().await;
    let mut answers: Vec<Chat> = Vec::new();
    let mut inputs = Vec::new();
    for turn in 0..4 {
        let (a, b) = (format!("call_a{turn}"), format!("call_b{turn}"));
        let calls = chat_text("Looking. ").tool_call(&a, "weather", r#"{"city": "Paris"}"#);
        answers.push(calls.tool_call(&b, "weather", "{}"));
        answers.push(chat_text("  Émile says \"sunny\".\n"));
        answers.push(chat_text("Cut he").finish(Finish::Length));
        inputs.push(r#""input":"What is it like?""#.to_owned());
        inputs.push(format!(
            r#""input":[{{"type":"function_call_output","call_id":"{a}","output":"Sunny \u00e9"}},{{"type":"function_call_output","call_id":"{b}","output":[{{"type":"input_text","text":"Rain"}}]}}]"#
        ));
        inputs.push(
            r#""input":[{"role":"user","content":[{"type":"input_text","text":"Look: "},{"type":"input_image","image_url":"data:image/png;base64,iVBORw0KGgo="}]}]"#
                .to_owned(),
        );
    }
    let fields = format!(r#""instructions":"Be kind.","tools":[{}],"#, tool("weather"));
    let (mut previous, mut last) = (None, String::new());
    for (answer, input) in answers.into_iter().zip(inputs) {
        talk.backend.answer(answer);
        let continued = match &previous {
            None => format!("{fields}{input}"),
            Some(id) => format!(r#""instructions":"Be kind.","previous_response_id":{id},{input}"#),
        };
        previous = Some(talk.respond(&continued).await["id"].clone());
        let body = String::from_utf8(talk.backend.last_request().body.to_vec()).expect("UTF-8");
        let from = body.find(r#""messages":["#).expect("messages");
        let messages = &body[from..body.find(r#"],"stream""#).expect("the end of messages")];
        assert!(messages.starts_with(&last), "{last}\nis no prefix of\n{messages}");
        messages.clone_into(&mut last);
    }
}

#[tokio::test]
async fn incomplete_responses_are_continued_and_failed_ones_are_not() {
    let talk = talk().await;
    talk.backend.answer(chat_text("Half of").finish(Finish::Length));
    let cut = talk.respond(r#""input":"Go""#).await;
    assert_eq!(cut["status"], "incomplete");
    assert_eq!(cut["incomplete_details"], json(r#"{"reason":"max_output_tokens"}"#));
    talk.proceed(&cut, r#""input":"Go on""#).await;
    assert_eq!(talk.sent()["messages"][1], json(r#"{"role":"assistant","content":"Half of"}"#));

    // A call whose arguments are half a text is no call: nobody can answer it.
    talk.backend.answer(tool_calls([("weather", r#"{"city": "#)]).finish(Finish::Length));
    let cut = talk.respond(&format!(r#""input":"Go","tools":[{}]"#, tool("weather"))).await;
    assert_eq!(cut["output"][0]["status"], "incomplete");
    talk.proceed(&cut, r#""input":"Go on""#).await;
    let expected = r#"[{"role":"user","content":"Go"},{"role":"user","content":"Go on"}]"#;
    assert_eq!(talk.sent()["messages"], json(expected));

    talk.backend.answer(chat_text("Half").finish(Finish::Missing));
    let events = talk.stream(r#""input":"Go""#).await;
    let failed = crate::support::terminal(&events)["response"].clone();
    let fields = format!(r#""input":"On","previous_response_id":{}"#, failed["id"]);
    let code = "previous_response_not_continuable";
    let found = talk.refused(&fields).await;
    assert_eq!(found.brief(), (400, code, Some("previous_response_id")), "{}", found.message);
}

#[tokio::test]
async fn a_conversation_goes_on_over_what_model_servers_do_to_calls() {
    let talk = talk().await;
    // Ids that begin anew with every answer, and arguments that are not JSON.
    let broken = tool_calls([("weather", "{city: Paris}")]);
    talk.backend.answer(broken).answer(tool_calls([("weather", "")]));
    let first = talk.respond(&format!(r#""input":"Go","tools":[{}]"#, tool("weather"))).await;
    assert_eq!(first["output"][0]["arguments"], "{city: Paris}");
    let second = talk.proceed(&first, OUTPUT).await;
    let call = &second["output"][0];
    assert_ne!(call["call_id"], first["output"][0]["call_id"]);
    assert_eq!(call["arguments"], "{}");
    let output = OUTPUT.replace("\"call_0\"", &call["call_id"].to_string());
    talk.proceed(&second, &output).await;
    let arguments = &talk.sent()["messages"][1]["tool_calls"][0]["function"]["arguments"];
    assert_eq!(arguments, r#"{"arguments":"{city: Paris}"}"#);
}

#[tokio::test]
async fn any_response_can_be_continued_more_than_once() {
    let talk = talk().await;
    let root = talk.respond(r#""input":"Root""#).await;
    let left = talk.proceed(&root, r#""input":"Left""#).await;
    let right = talk.proceed(&root, r#""input":"Right""#).await;
    for (branch, words) in [(&left, ["Root", "Left"]), (&right, ["Root", "Right"])] {
        assert_eq!(branch["previous_response_id"], root["id"]);
        talk.proceed(branch, r#""input":"On""#).await;
        let messages = talk.sent()["messages"].clone();
        assert_eq!([&messages[0]["content"], &messages[2]["content"]], words);
    }
}

#[tokio::test]
async fn what_is_not_to_be_stored_is_not() {
    let talk = talk().await;
    let first = talk.respond(r#""input":"Hi","store":false"#).await;
    assert_eq!(first["store"], false);
    let path = format!("{RESPONSES}/{}", first["id"].as_str().expect("an id"));
    assert_eq!(refusal(&talk.client.get(&path).await).brief().0, 404);
    let fields = format!(r#""input":"On","previous_response_id":{}"#, first["id"]);
    let code = "previous_response_not_found";
    assert_eq!(talk.refused(&fields).await.brief(), (400, code, Some("previous_response_id")));
    // It may continue what is stored.
    let stored = talk.respond(r#""input":"Hi""#).await;
    talk.proceed(&stored, r#""input":"On","store":false"#).await;
    assert_eq!(talk.sent()["messages"].as_array().map(Vec::len), Some(3));
}

#[tokio::test]
async fn a_deleted_response_is_gone_and_its_children_stay_readable() {
    let talk = talk().await;
    let parent = talk.respond(r#""input":"One""#).await;
    let child = talk.proceed(&parent, r#""input":"Two""#).await;
    let path =
        |response: &Value| format!("{RESPONSES}/{}", response["id"].as_str().expect("an id"));
    let deleted = talk.client.delete(&path(&parent)).await;
    let expected = format!(r#"{{"id":{},"object":"response","deleted":true}}"#, parent["id"]);
    assert_eq!((deleted.status, deleted.json()), (200, json(&expected)));
    for gone in [
        talk.client.get(&path(&parent)).await,
        talk.client.delete(&path(&parent)).await,
        talk.client.get(&(path(&parent) + "/input_items")).await,
    ] {
        let brief = (404, "response_not_found", Some("response_id"));
        assert_eq!(refusal(&gone).brief(), brief);
    }
    assert_eq!(talk.stored(&child["id"]).await, child);
    assert_eq!(talk.client.get(&(path(&child) + "/input_items")).await.status, 200);
    for id in [&parent["id"], &child["id"]] {
        let fields = format!(r#""input":"On","previous_response_id":{id}"#);
        let code = "previous_response_not_found";
        assert_eq!(talk.refused(&fields).await.brief(), (400, code, Some("previous_response_id")));
    }
}

#[tokio::test]
async fn somebody_elses_ids_look_like_ids_that_never_were() {
    let talk = talk().await;
    let theirs = talk.respond(r#""input":"Secret""#).await;
    let mut database = talk.database().await;
    for table in ["responses", "items"] {
        let give_away = format!("UPDATE {table} SET team_id = 'others'");
        sqlx::query(sqlx::AssertSqlSafe(give_away))
            .execute(&mut database)
            .await
            .expect("an update");
    }
    let id = theirs["id"].as_str().expect("an id");
    let absent = format!("resp_{}", "0".repeat(32));
    for (method, suffix) in [("GET", ""), ("GET", "/input_items"), ("DELETE", "")] {
        let ask = async |id: &str| {
            let path = format!("{RESPONSES}/{id}{suffix}");
            talk.client.request(method, &path, &[], None).await.text().replace(id, "")
        };
        assert_eq!(ask(id).await, ask(&absent).await, "{method} {suffix}");
    }
    let proceed = async |id: &str| {
        let fields = format!(r#""input":"On","previous_response_id":"{id}""#);
        talk.refused(&fields).await.message.replace(id, "")
    };
    assert_eq!(proceed(id).await, proceed(&absent).await);
}

#[tokio::test]
async fn input_items_are_listed_page_by_page_from_either_end() {
    let talk = talk().await;
    let first = talk.respond(r#""input":"Before""#).await;
    let words: Vec<_> =
        (0..5).map(|n| format!(r#"{{"id":"msg_{n}","role":"user","content":"{n}"}}"#)).collect();
    let response = talk.proceed(&first, &format!(r#""input":[{}]"#, words.join(","))).await;
    let base = format!("{RESPONSES}/{}/input_items", response["id"].as_str().expect("an id"));
    let page = async |query: &str| {
        let response = talk.client.get(&format!("{base}{query}")).await;
        assert_eq!(response.status, 200, "{query}: {}", response.text());
        let list = response.json();
        assert_eq!(list["object"], "list");
        let ids: Vec<_> =
            list["data"].as_array().expect("data").iter().map(|i| i["id"].clone()).collect();
        let ends = [list["first_id"].clone(), list["last_id"].clone()];
        assert_eq!(
            ends,
            [ids.first(), ids.last()].map(|id| id.cloned().unwrap_or_else(|| "".into())),
            "{query}"
        );
        let ids = ids.iter().map(|id| id.as_str().unwrap_or_default().replace("msg_", ""));
        (ids.collect::<String>(), list["has_more"].as_bool().expect("has_more"))
    };
    for (query, ids, more) in [
        ("", "43210", false),
        ("?order=asc", "01234", false),
        ("?order=desc&limit=2", "43", true),
        ("?limit=2&after=msg_3", "21", true),
        ("?limit=2&after=msg_1", "0", false),
        ("?order=asc&limit=2&after=msg_1", "23", true),
        ("?order=asc&limit=3&after=msg_1", "234", false),
        ("?order=asc&after=msg_4", "", false),
        ("?limit=100&include[]=message.input_image.image_url", "43210", false),
    ] {
        assert_eq!(page(query).await, (ids.to_owned(), more), "{query}");
    }
    for (query, param) in [
        ("?limit=0", "limit"),
        ("?limit=101", "limit"),
        ("?limit=x", "limit"),
        ("?order=up", "order"),
        ("?after=msg_nowhere", "after"),
    ] {
        let found = refusal(&talk.client.get(&format!("{base}{query}")).await);
        assert_eq!(found.brief(), (400, "invalid_value", Some(param)), "{query}");
    }
}

/// What could be added is always there; a word that does not exist is refused as in lists.
#[tokio::test]
async fn what_is_asked_for_beside_a_stored_response_is_checked() {
    let talk = talk().await;
    let stored = talk.respond(r#""input":"Hi""#).await;
    let path = format!("{RESPONSES}/{}", stored["id"].as_str().expect("an id"));
    for query in [
        "?include=reasoning.encrypted_content",
        "?include[]=message.output_text.logprobs&include_obfuscation=false",
        "?stream=false",
    ] {
        let response = talk.client.get(&format!("{path}{query}")).await;
        assert_eq!((response.status, response.json()), (200, stored.clone()), "{query}");
    }
    for query in ["?include=bogus", "?include[]=bogus"] {
        let refused = refusal(&talk.client.get(&format!("{path}{query}")).await);
        assert_eq!(refused.brief(), (400, "invalid_value", Some("include")), "{query}");
    }
}

#[tokio::test]
async fn thoughts_go_back_under_the_name_that_is_configured() {
    for (settings, expected) in [
        (
            "reasoning_field: both",
            r#"{"role":"assistant","content":"Yes","reasoning":"Hm","reasoning_content":"Hm"}"#,
        ),
        ("reasoning_history: tool_turn", r#"{"role":"assistant","content":"Yes"}"#),
        ("reasoning_history: never", r#"{"role":"assistant","content":"Yes"}"#),
        ("reasoning_history: always", r#"{"role":"assistant","content":"Yes","reasoning":"Hm"}"#),
    ] {
        let yaml = format!("responses:\n  {settings}\n");
        let talk = Talk::with(FakeBackend::start().await, &yaml).await;
        talk.backend.answer(chat().reasoning("Hm").text("Yes"));
        let first = talk.respond(r#""input":"Go""#).await;
        talk.proceed(&first, r#""input":"On""#).await;
        assert_eq!(talk.sent()["messages"][1], json(expected), "{settings}");
    }
}

#[tokio::test]
async fn a_conversation_that_is_too_long_is_said_to_be() {
    let talk = Talk::with(FakeBackend::start().await, "limits:\n  history_depth: 2\n").await;
    let first = talk.respond(r#""input":"One""#).await;
    let second = talk.proceed(&first, r#""input":"Two""#).await;
    let third = talk.proceed(&second, r#""input":"Three""#).await;
    let fields = format!(r#""input":"Four","previous_response_id":{}"#, third["id"]);
    let code = "conversation_too_long";
    assert_eq!(talk.refused(&fields).await.brief(), (400, code, Some("previous_response_id")));
}

#[tokio::test]
async fn a_chain_that_runs_in_a_circle_has_an_end() {
    let talk = talk().await;
    let first = talk.respond(r#""input":"One""#).await;
    let second = talk.proceed(&first, r#""input":"Two""#).await;
    let mut database = talk.database().await;
    for (parent, child) in [(&second, &first), (&first, &first)] {
        sqlx::query("UPDATE responses SET parent_id = ?1 WHERE id = ?2")
            .bind(parent["id"].as_str())
            .bind(child["id"].as_str())
            .execute(&mut database)
            .await
            .expect("an update");
        for response in [&first, &second] {
            let fields = format!(r#""input":"On","previous_response_id":{}"#, response["id"]);
            let found = talk.refused(&fields).await;
            let expected = (400, "conversation_too_long", Some("previous_response_id"));
            assert_eq!(found.brief(), expected);
        }
    }
    assert_eq!(talk.stored(&first["id"]).await, first);
}

#[tokio::test]
async fn two_continue_one_response_at_the_same_time() {
    let talk = talk().await;
    let root = talk.respond(r#""input":"Root""#).await;
    let gate = Gate::new("both at work");
    talk.backend.answer(chat().text("One ").wait(&gate).text("more"));
    talk.backend.answer(chat().text("One ").wait(&gate).text("more"));
    let both = async {
        gate.arrived(2).await;
        gate.open();
    };
    let (left, right) = (r#""input":"Left""#, r#""input":"Right""#);
    let (left, right, ()) =
        tokio::join!(talk.proceed(&root, left), talk.proceed(&root, right), both);
    for (branch, word) in [(&left, "Left"), (&right, "Right")] {
        talk.proceed(branch, r#""input":"On""#).await;
        let messages = talk.sent()["messages"].clone();
        assert_eq!(messages.as_array().map(Vec::len), Some(5));
        assert_eq!([&messages[0]["content"], &messages[2]["content"]], ["Root", word]);
    }
}
