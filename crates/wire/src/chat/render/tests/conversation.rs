//! Items to messages.

use insta::assert_snapshot;
use transom_core::content::Part;
use transom_core::item::{Compaction, FunctionOutput, Item, Role, Sealed};

use super::super::{ReasoningField, ReasoningHistory, RenderOptions};
use super::{
    assistant, call, generation, image, lines, message, messages, output, result, text, thought,
    user,
};

/// Not the default.
const TOOL_TURN: RenderOptions = RenderOptions {
    reasoning_history: ReasoningHistory::ToolTurn,
    reasoning_field: ReasoningField::Reasoning,
};

/// Everything that a conversation can have, in an order that happens.
fn long_conversation() -> Vec<Item> {
    vec![
        message(Role::System, vec![text("You are a weather service.")]),
        message(Role::Developer, vec![text("Use the tool."), text("Be brief.")]),
        user("What is the weather in Rome and Oslo?"),
        thought("Two calls."),
        assistant("\n\n"),
        call("c1", r#"{"city":"Rome"}"#),
        call("c2", r#"{"city":"Oslo"}"#),
        result("c1", r#"{"sky":"clear"}"#),
        output("c2", FunctionOutput::Parts(vec![text("snow"), text("and wind")])),
        thought("Now I know."),
        message(Role::Assistant, vec![text("Rome is clear, "), text("Oslo is white.")]),
        message(Role::Developer, vec![text("Speak of the sea now.")]),
        message(
            Role::User,
            vec![text("And here?"), image("https://example.com/sea.png", Some("low"))],
        ),
        message(Role::Assistant, vec![Part::Refusal("I do not look at pictures.".to_owned())]),
        message(Role::Assistant, Vec::new()),
        message(Role::User, vec![image("data:image/png;base64,AAAA", None)]),
        message(Role::Assistant, Vec::new()),
        thought("A photo may help."),
        assistant("Let me look."),
        call("c3", "{}"),
        output(
            "c3",
            FunctionOutput::Parts(vec![text("taken"), image("https://example.com/now.png", None)]),
        ),
        thought("It rains."),
    ]
}

#[test]
fn a_long_conversation_as_the_model_server_gets_it() {
    let mut generation = generation(long_conversation());
    generation.instructions = Some("Answer in English.".to_owned());
    assert_snapshot!(lines(&generation, TOOL_TURN));
}

#[test]
fn thoughts_go_back_as_far_and_under_the_name_the_operator_chose() {
    let input = vec![
        user("a"),
        thought("old"),
        assistant("b"),
        user("c"),
        thought("new"),
        call("c1", "{}"),
        result("c1", "1"),
    ];
    let generation = generation(input);
    let told = |reasoning_history, reasoning_field| {
        let options = RenderOptions { reasoning_history, reasoning_field };
        let lines = lines(&generation, options);
        let kept = lines.lines().filter(|line| line.contains("assistant")).map(str::to_owned);
        kept.collect::<Vec<_>>().join("\n")
    };
    assert_snapshot!(told(ReasoningHistory::ToolTurn, ReasoningField::Both), @r#"
    {"role":"assistant","content":"b"}
    {"role":"assistant","content":null,"reasoning":"new","reasoning_content":"new","tool_calls":[{"id":"c1","type":"function","function":{"name":"get_weather","arguments":"{}"}}]}
    "#);
    assert_snapshot!(told(ReasoningHistory::Always, ReasoningField::ReasoningContent), @r#"
    {"role":"assistant","content":"b","reasoning_content":"old"}
    {"role":"assistant","content":null,"reasoning_content":"new","tool_calls":[{"id":"c1","type":"function","function":{"name":"get_weather","arguments":"{}"}}]}
    "#);
    assert_snapshot!(told(ReasoningHistory::Never, ReasoningField::Reasoning), @r#"
    {"role":"assistant","content":"b"}
    {"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"get_weather","arguments":"{}"}}]}
    "#);
}

/// What keeps a model server's prefix cache warm.
fn grows(before: &[Item], after: &[Item], options: RenderOptions) -> bool {
    let rendered = |input: &[Item]| {
        let mut generation = generation(input.to_vec());
        generation.instructions = Some("Be kind.".to_owned());
        messages(&generation, options)
    };
    let (before, after) = (rendered(before), rendered(after));
    after.len() > before.len() && after.starts_with(&before)
}

#[test]
fn the_messages_of_a_turn_begin_with_those_of_the_turn_before() {
    let plain: Vec<_> = long_conversation()
        .into_iter()
        .filter(|item| !matches!(item, Item::Reasoning(_)))
        .collect();
    // Where a client's turn ends: behind the user's words, or behind the last output.
    for end in [3, 8] {
        assert!(grows(&plain[..end], &plain, TOOL_TURN), "{end}");
    }
    let whole = long_conversation();
    for end in [3, 9, 13] {
        assert!(grows(&whole[..end], &whole, RenderOptions::default()), "{end}");
    }
}

#[test]
fn within_a_tool_turn_thoughts_do_not_move_what_went_before() {
    let items = [
        user("a"),
        thought("first"),
        call("c1", "{}"),
        result("c1", "1"),
        thought("second"),
        assistant("\n"),
        call("c2", "{}"),
        result("c2", "2"),
        thought("third"),
        assistant("b"),
    ];
    for (asked, answered) in [(1, 4), (4, 8), (8, 10)] {
        assert!(grows(&items[..asked], &items[..answered], TOOL_TURN));
    }
}

#[test]
fn arguments_that_are_not_json_go_back_in_an_object() {
    let written = ["", " ", "{\"a\":", "{a: \"b\"}", "{\"a\":1}", "\"Paris\""];
    let input = written.iter().enumerate().flat_map(|(index, arguments)| {
        let id = format!("c{index}");
        [user("q"), call(&id, arguments), result(&id, "1")]
    });
    let lines = lines(&generation(input.collect()), RenderOptions::default());
    let sent: Vec<_> = lines.lines().filter_map(|line| line.split_once("arguments\":")).collect();
    let sent: Vec<_> = sent.iter().map(|(_, text)| text.trim_end_matches("}}]}")).collect();
    let expected = [
        r#""{}""#,
        r#""{}""#,
        r#""{\"arguments\":\"{\\\"a\\\":\"}""#,
        r#""{\"arguments\":\"{a: \\\"b\\\"}\"}""#,
        r#""{\"a\":1}""#,
        r#""\"Paris\"""#,
    ];
    assert_eq!(sent, expected);
}

#[test]
fn a_summary_stands_where_the_conversation_was_and_sealed_thoughts_count_more_than_plain_ones() {
    let opened = |text: &str| Sealed { blob: "b".to_owned(), texts: Some(vec![text.to_owned()]) };
    let summary = Compaction { id: None, encrypted_content: opened("It is about boats.") };
    let think = |sealed| {
        let Item::Reasoning(mut reasoning) = thought("as the client says") else { panic!() };
        reasoning.encrypted_content = Some(sealed);
        Item::Reasoning(reasoning)
    };
    let input = vec![
        user("a"),
        Item::Compaction(summary),
        user("b"),
        think(opened("as it was")),
        call("c1", "{}"),
        result("c1", "1"),
        think(Sealed::shut("b".to_owned())),
        call("c2", "{}"),
        result("c2", "2"),
    ];
    assert_snapshot!(lines(&generation(input), RenderOptions::default()));
}
