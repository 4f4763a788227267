//! Random work on the store gives what a map in memory gives.

use std::collections::HashMap;

use proptest::prelude::*;
use transom_core::port::store::{
    Lookup, Order, PageLookup, PageQuery, ResponseStore, StoreError, TurnRecord,
};
use transom_core::scope::Scope;
use transom_store::sqlite::SqliteStore;

use crate::support::{Place, id, items, owner, text, turn};

#[derive(Clone, Debug)]
enum Step {
    Commit { owner: u8, turn: u8, parent: Option<u8>, input: usize, output: usize },
    Delete { owner: u8, turn: u8 },
    History { owner: u8, turn: u8, depth: u32 },
    Page { owner: u8, turn: u8, limit: u32, newest_first: bool, after: Option<usize> },
}

fn step() -> impl Strategy<Value = Step> {
    let (owner, turn) = (0..2_u8, 0..6_u8);
    prop_oneof![
        4 => (owner.clone(), turn.clone(), proptest::option::of(turn.clone()), 0..4_usize, 0..3_usize)
            .prop_map(|(owner, turn, parent, input, output)| Step::Commit {
                owner, turn, parent, input, output
            }),
        1 => (owner.clone(), turn.clone()).prop_map(|(owner, turn)| Step::Delete { owner, turn }),
        3 => (owner.clone(), turn.clone(), 0..7_u32)
            .prop_map(|(owner, turn, depth)| Step::History { owner, turn, depth }),
        2 => (owner, turn, 1..4_u32, any::<bool>(), proptest::option::of(0..4_usize)).prop_map(
            |(owner, turn, limit, newest_first, after)| Step::Page {
                owner, turn, limit, newest_first, after
            }
        ),
    ]
}

#[derive(Debug)]
struct Kept {
    owner: u8,
    parent: Option<u8>,
    input: Vec<String>,
    output: Vec<String>,
}

#[derive(Debug, Default)]
struct Model {
    turns: HashMap<u8, Kept>,
}

impl Model {
    fn get(&self, owner: u8, turn: u8) -> Option<&Kept> {
        self.turns.get(&turn).filter(|kept| kept.owner == owner)
    }

    fn history(&self, owner: u8, newest: u8, depth: u32) -> String {
        let (mut items, mut next, mut hops) = (Vec::new(), Some(newest), 0);
        while let Some(turn) = next {
            let Some(kept) = self.get(owner, turn) else { return "missing".to_owned() };
            hops += 1;
            if hops > depth {
                return "too deep".to_owned();
            }
            items.splice(0..0, kept.input.iter().chain(&kept.output).cloned());
            next = kept.parent;
        }
        items.join(" ")
    }

    fn page(&self, owner: u8, turn: u8, query: &PageQuery) -> String {
        let Some(kept) = self.get(owner, turn) else { return "no response".to_owned() };
        let mut input = kept.input.clone();
        if query.order == Order::Descending {
            input.reverse();
        }
        if let Some(after) = &query.after {
            let Some(at) = input.iter().position(|id| id == after) else {
                return "no anchor".to_owned();
            };
            input.drain(..=at);
        }
        let limit = query.limit as usize;
        let has_more = input.len() > limit;
        input.truncate(limit);
        format!("{} {has_more}", input.join(" "))
    }
}

fn names(turn: u8, direction: &str, count: usize) -> Vec<String> {
    (0..count).map(|n| format!("{direction}{turn}_{n}")).collect()
}

fn record(number: u8, parent: Option<u8>, input: &[String], output: &[String]) -> TurnRecord {
    let borrowed = |names: &[String]| items(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let parent = parent.map(|n| n.to_string());
    TurnRecord {
        input: borrowed(input),
        output: borrowed(output),
        ..turn(&number.to_string(), parent.as_deref())
    }
}

/// Takes one step on both and gives both answers.
async fn both(store: &SqliteStore, model: &mut Model, step: Step) -> (String, String) {
    let scope = |owner_number: u8| -> Scope { owner("org", &owner_number.to_string(), "key") };
    match step {
        Step::Commit { owner, turn, parent, input, output } => {
            let (input, output) = (names(turn, "in", input), names(turn, "out", output));
            let record = record(turn, parent, &input, &output);
            let stored = match store.commit_turn(&scope(owner), record).await {
                Ok(()) => "stored",
                Err(StoreError::Duplicate) => "duplicate",
                Err(error) => panic!("{error}"),
            };
            let expected = if model.turns.contains_key(&turn) { "duplicate" } else { "stored" };
            model.turns.entry(turn).or_insert(Kept { owner, parent, input, output });
            (stored.to_owned(), expected.to_owned())
        }
        Step::Delete { owner, turn } => {
            let deleted = store.delete(&scope(owner), &id(&turn.to_string())).await.unwrap();
            let expected = model.get(owner, turn).is_some();
            if expected {
                model.turns.remove(&turn);
            }
            (deleted.to_string(), expected.to_string())
        }
        Step::History { owner, turn, depth } => {
            let name = id(&turn.to_string());
            let answer = match store.history(&scope(owner), &name, depth).await.unwrap() {
                Lookup::Missing => "missing".to_owned(),
                Lookup::TooDeep => "too deep".to_owned(),
                Lookup::Found(history) => {
                    let named = |json: &&str| json.split('"').nth(3).unwrap().to_owned();
                    crate::support::said(&history).iter().map(named).collect::<Vec<_>>().join(" ")
                }
            };
            (answer, model.history(owner, turn, depth))
        }
        Step::Page { owner, turn, limit, newest_first, after } => {
            let order = if newest_first { Order::Descending } else { Order::Ascending };
            let after = after.map(|n| format!("in{turn}_{n}"));
            let query = PageQuery { limit, order, after };
            let name = id(&turn.to_string());
            let answer = match store.input_items(&scope(owner), &name, &query).await.unwrap() {
                PageLookup::NoResponse => "no response".to_owned(),
                PageLookup::NoAnchor => "no anchor".to_owned(),
                PageLookup::Found(page) => {
                    format!("{} {}", text(&page.items).join(" "), page.has_more)
                }
            };
            (answer, model.page(owner, turn, &query))
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 48,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_sequence_of_calls_answers_as_a_map_in_memory_does(
        steps in proptest::collection::vec(step(), 1..40)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let place = Place::new();
            let (store, mut model) = (place.open().await, Model::default());
            for step in steps {
                let told = format!("{step:?}");
                let (answer, expected) = both(&store, &mut model, step).await;
                assert_eq!(answer, expected, "{told}");
            }
            store.close().await;
        });
    }
}
