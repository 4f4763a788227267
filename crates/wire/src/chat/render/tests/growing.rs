//! What is sent only grows: the messages of a turn begin with those of every turn before, byte for byte.

use proptest::prelude::*;
use transom_core::content::{File, FileText, Part};
use transom_core::item::{
    Conformity, CustomToolCall, FunctionCallOutput, FunctionOutput, HostedItem, Item, Role, Told,
};
use transom_core::request::Generation;
use transom_core::tool::{CustomTool, InputFormat, NamedTool, OwnTool, Tool, ToolChoice, ToolName};

use super::super::{ReasoningField, ReasoningHistory, RenderOptions};
use super::{STATUS, assistant, call, generation, image, message, messages, result, text, thought};
use crate::chat::check_pairing;
use crate::responses::item::from_stored;

/// What a client adds in one turn, beside the outputs of calls that wait for them.
#[derive(Clone, Debug)]
enum Brings {
    Words(String),
    Picture,
    File(String),
    Rules(String),
    /// A search that some other server ran, sent without an id.
    Search,
}

/// What the model answers in one turn.
#[derive(Clone, Debug)]
enum Says {
    Thought(String),
    Words(String),
    Call(String),
    Custom(String),
    Search,
}

fn brings() -> impl Strategy<Value = Brings> {
    prop_oneof![
        4 => ".{0,12}".prop_map(Brings::Words),
        1 => Just(Brings::Picture),
        1 => ".{0,12}".prop_map(Brings::File),
        1 => ".{0,12}".prop_map(Brings::Rules),
        1 => Just(Brings::Search),
    ]
}

fn says() -> impl Strategy<Value = Says> {
    prop_oneof![
        3 => ".{0,12}".prop_map(Says::Thought),
        3 => "\\s{0,2}.{0,12}".prop_map(Says::Words),
        2 => "(\\{\\}|\\{\"a\":1\\}|\\{|)".prop_map(Says::Call),
        2 => ".{0,12}".prop_map(Says::Custom),
        1 => Just(Says::Search),
    ]
}

/// A turn: what is brought, what is answered, and whether the tool with a grammar is forced.
type Turn = (Vec<Brings>, Vec<Says>, bool);

fn conversation() -> impl Strategy<Value = Vec<Turn>> {
    let turn = (
        prop::collection::vec(brings(), 0..4),
        prop::collection::vec(says(), 0..5),
        prop::bool::weighted(0.2),
    );
    prop::collection::vec(turn, 1..14)
}

fn search(number: usize) -> Item {
    let line = include_str!("../../../responses/item/tests/hosted.jsonl").lines().next().unwrap();
    let Item::Hosted(item) = from_stored(&super::json(line)).unwrap() else { panic!("hosted") };
    assert!(matches!(item.told, Told::Done { .. }));
    // As a fresh id is given to an item without one: another one each time.
    let id = transom_core::id::ItemId::given(format!("ws_{number}"));
    Item::Hosted(HostedItem { id: Some(id), ..item })
}

/// The items that a client brings; the last of them is never the model's.
fn brought(brings: &[Brings], at: usize, waiting: &mut Vec<(bool, String)>) -> Vec<Item> {
    let mut items: Vec<Item> = waiting
        .drain(..)
        .map(|(custom, id)| {
            if !custom {
                return result(&id, "sunny");
            }
            let output = FunctionOutput::Text("done".to_owned());
            let output = FunctionCallOutput { id: None, call_id: id, output, status: STATUS };
            Item::CustomToolCallOutput(output)
        })
        .collect();
    for brings in brings {
        items.push(match brings {
            Brings::Words(words) => message(Role::User, vec![text(words)]),
            Brings::Picture => {
                message(Role::User, vec![text("See"), image("https://a.example/b.png", None)])
            }
            Brings::File(words) => {
                let text = FileText::Known(words.clone());
                let file = File {
                    filename: Some("a.txt".to_owned()),
                    data: "data".to_owned(),
                    text,
                    detail: None,
                };
                message(Role::User, vec![Part::File(file)])
            }
            Brings::Rules(words) => message(Role::Developer, vec![text(words)]),
            Brings::Search => search(at),
        });
    }
    let outputs_only = brings.is_empty() && !items.is_empty();
    let spoke = matches!(brings.last(), Some(Brings::Words(_) | Brings::Picture | Brings::File(_)));
    if !spoke && !outputs_only {
        items.push(super::user("Go on."));
    }
    items
}

fn said(says: &[Says], at: usize, waiting: &mut Vec<(bool, String)>) -> Vec<Item> {
    let said = says.iter().enumerate().map(|(place, says)| {
        let id = format!("call_{at}_{place}");
        match says {
            Says::Thought(words) => thought(words),
            Says::Words(words) => assistant(words),
            Says::Search => search(at),
            Says::Call(arguments) => {
                waiting.push((false, id.clone()));
                call(&id, arguments)
            }
            Says::Custom(input) => {
                waiting.push((true, id.clone()));
                Item::CustomToolCall(CustomToolCall {
                    conformity: Conformity::Unasked,
                    id: None,
                    call_id: id,
                    tool: ToolName::plain("patch"),
                    input: input.clone(),
                    status: STATUS,
                })
            }
        }
    });
    said.collect()
}

fn patch() -> Tool {
    let format = InputFormat::Lark("start: /a+/".to_owned());
    let tool =
        CustomTool { name: "patch".to_owned(), description: None, format, defer_loading: None };
    Tool::Own(OwnTool::Custom(tool))
}

/// The request of each turn.
fn requests(turns: &[Turn]) -> Vec<Generation> {
    let (mut items, mut waiting, mut requests) = (Vec::new(), Vec::new(), Vec::new());
    for (at, (brings, says, forced)) in turns.iter().enumerate() {
        items.extend(brought(brings, at, &mut waiting));
        let mut request = generation(items.clone());
        request.instructions = Some("Be kind.".to_owned());
        request.tools = vec![patch()];
        if *forced {
            request.tool_choice = ToolChoice::Tool(NamedTool::Custom("patch".to_owned()));
        }
        requests.push(request);
        items.extend(said(says, at, &mut waiting));
    }
    requests
}

/// Where a request stops being the beginning of the next one.
fn broken(turns: &[Turn], reasoning_history: ReasoningHistory) -> Option<usize> {
    let options = RenderOptions { reasoning_history, reasoning_field: ReasoningField::Both };
    let requests = requests(turns);
    for request in &requests {
        assert_eq!(check_pairing(&request.input), Ok(()));
    }
    let sent: Vec<_> = requests.iter().map(|request| messages(request, options)).collect();
    sent.windows(2).position(|pair| !pair[1].starts_with(&pair[0]))
}

proptest! {
    #[test]
    fn what_is_sent_only_grows(turns in conversation()) {
        for history in [ReasoningHistory::Always, ReasoningHistory::Never] {
            prop_assert_eq!(broken(&turns, history), None);
        }
    }
}

#[test]
fn thoughts_that_are_taken_back_break_it_which_is_why_that_is_not_the_default() {
    let words = |words: &str| Brings::Words(words.to_owned());
    let turns = [
        (vec![words("a")], vec![Says::Thought("b".to_owned()), Says::Call("{}".to_owned())], false),
        (vec![], vec![Says::Words("c".to_owned())], false),
        (vec![words("d")], vec![], false),
    ];
    assert_eq!(RenderOptions::default().reasoning_history, ReasoningHistory::Always);
    assert_eq!(broken(&turns, ReasoningHistory::Always), None);
    assert_eq!(broken(&turns, ReasoningHistory::ToolTurn), Some(1));
}
