use proptest::prelude::*;
use transom_core::content::{Part, Text};
use transom_core::item::{
    FunctionCall, FunctionCallOutput, FunctionOutput, ItemStatus, Message, Reasoning,
};
use transom_core::tool::ToolName;

use super::*;
use crate::chat::check_pairing;

const STATUS: ItemStatus = ItemStatus::Completed;

/// A conversation in letters: who speaks or what happens, one letter an item.
fn conversation(letters: &str) -> Vec<Item> {
    letters.chars().enumerate().map(|(at, letter)| item(letter, at)).collect()
}

fn item(letter: char, at: usize) -> Item {
    let said = |role| {
        let content = vec![Part::Text(Text::from(letter.to_string()))];
        Item::Message(Message { id: None, role, content, phase: None, status: STATUS })
    };
    // Calls are answered by the item that follows.
    let call_id = |at: usize| format!("call_{at}");
    match letter {
        'u' => said(Role::User),
        'a' => said(Role::Assistant),
        's' => said(Role::System),
        'd' => said(Role::Developer),
        'r' => Item::Reasoning(Reasoning {
            id: None,
            summary: Vec::new(),
            content: Vec::new(),
            encrypted_content: None,
            status: STATUS,
        }),
        'c' => Item::FunctionCall(FunctionCall {
            id: None,
            call_id: call_id(at),
            tool: ToolName::plain("f"),
            arguments: String::new(),
            status: STATUS,
        }),
        'o' => Item::FunctionCallOutput(FunctionCallOutput {
            id: None,
            call_id: call_id(at - 1),
            output: FunctionOutput::Text(String::new()),
            status: STATUS,
        }),
        other => panic!("no item is {other}"),
    }
}

fn letters(items: &[Item]) -> String {
    let letter = |item: &Item| match item {
        Item::Message(said) => match said.role {
            Role::User => 'u',
            Role::Assistant => 'a',
            Role::System => 's',
            Role::Developer => 'd',
        },
        Item::Reasoning(_) => 'r',
        Item::FunctionCall(_) => 'c',
        _ => 'o',
    };
    items.iter().map(letter).collect()
}

/// What is left after dropping 0, 1, … turns.
fn shortened(whole: &str) -> Vec<String> {
    let items = conversation(whole);
    let turns = Turns::of(&items);
    (0..=turns.droppable()).map(|count| letters(&turns.without(&items, count).0)).collect()
}

#[test]
fn whole_turns_go_oldest_first_and_the_newest_stays() {
    assert_eq!(shortened("uaua"), ["uaua", "ua"]);
    assert_eq!(shortened("urcoauau"), ["urcoauau", "uau", "u"]);
    // A call that is being answered belongs to the newest turn.
    assert_eq!(shortened("uaurco"), ["uaurco", "urco"]);
    // Users may speak several times before they are answered.
    assert_eq!(shortened("uuauu"), ["uuauu", "uu"]);
    // The model may speak first.
    assert_eq!(shortened("auau"), ["auau", "uau", "u"]);
}

#[test]
fn what_the_application_says_stays() {
    assert_eq!(shortened("sduadua"), ["sduadua", "sddua"]);
    assert_eq!(shortened("usdau"), ["usdau", "sdu"]);
    // It neither begins a turn nor ends one.
    assert_eq!(shortened("usuau"), ["usuau", "su"]);
}

#[test]
fn one_turn_cannot_be_shortened() {
    for whole in ["", "s", "u", "su", "uaa", "co", "urcorcorco"] {
        assert_eq!(shortened(whole), [whole], "{whole}");
    }
}

#[test]
fn what_was_dropped_is_counted() {
    let items = conversation("suacodusa");
    let turns = Turns::of(&items);
    assert_eq!(turns.without(&items, 0).1, Dropped::default());
    assert_eq!(turns.without(&items, 1).1, Dropped { turns: 1, items: 4 });
    // No more than there is.
    assert_eq!(turns.without(&items, 9).1, Dropped { turns: 1, items: 4 });
}

proptest! {
    #[test]
    fn no_call_is_ever_parted_from_its_output(
        pieces in prop::collection::vec(prop::sample::select(vec!["u", "a", "s", "d", "r", "co", "rco"]), 0..40),
    ) {
        let items = conversation(&pieces.concat());
        prop_assert!(check_pairing(&items).is_ok());
        let turns = Turns::of(&items);
        let mut before = items.len() + 1;
        for count in 0..=turns.droppable() {
            let (kept, dropped) = turns.without(&items, count);
            prop_assert!(check_pairing(&kept).is_ok());
            prop_assert_eq!(kept.len() + dropped.items, items.len());
            // Every turn has something in it.
            prop_assert!(kept.len() < before);
            before = kept.len();
            let said = |items: &[Item]| items.iter().filter(|item| is_application(item)).count();
            prop_assert_eq!(said(&kept), said(&items));
        }
        let newest = items.iter().rposition(is_user);
        let last = turns.items(turns.droppable());
        prop_assert!(newest.is_none_or(|newest| last.contains(&newest)));
    }
}
