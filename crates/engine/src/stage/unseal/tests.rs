//! Sealed items of requests and of the store, and whom they open for.

use transom_core::clock::Timestamp;
use transom_core::scope::Scope;
use transom_core::secret::Secret;
use transom_sealing::keyring::{Key, Owner};
use transom_wire::responses::request::parse;

use super::*;
use crate::fakes::keyring;

fn team(name: &str) -> Scope {
    Scope { team: name.into(), ..Scope::local() }
}

/// A text that this keyring seals for the model `m`.
fn sealed(keyring: &Keyring, scope: &Scope, purpose: Purpose) -> String {
    let owner = Owner { scope, model: "m" };
    keyring.seal(purpose, owner, &["Hm".to_owned()], (1, Timestamp::from_millis(0)))
}

fn asked(items: &[String]) -> Vec<InputItem> {
    let body = format!(r#"{{"model":"m","input":[{}]}}"#, items.join(","));
    parse(body.as_bytes()).unwrap().input
}

fn stored(items: &[String]) -> Vec<Item> {
    asked(items).iter().map(|item| item.as_new().unwrap().clone()).collect()
}

fn thoughts(blob: &str, content: &str) -> String {
    let content = match content {
        "" => "null".to_owned(),
        text => format!(r#"[{{"type":"reasoning_text","text":"{text}"}}]"#),
    };
    format!(
        r#"{{"type":"reasoning","summary":[],"content":{content},"encrypted_content":"{blob}"}}"#
    )
}

fn compaction(blob: &str) -> String {
    format!(r#"{{"type":"compaction","id":"cmp_1","encrypted_content":"{blob}"}}"#)
}

/// What each sealed item holds.
fn texts(items: &mut [Item]) -> Vec<Option<Vec<String>>> {
    items.iter_mut().filter_map(|item| Some(item.sealed_mut()?.texts.clone())).collect()
}

fn refusal(result: Result<(), Failure>) -> (String, Option<String>) {
    let public = result.unwrap_err().public();
    (public.code, public.param)
}

#[test]
fn what_a_request_brings_opens_for_its_team_and_its_model() {
    let (keyring, ours) = (keyring(), team("a"));
    let (thought, sum) =
        (sealed(&keyring, &ours, Purpose::Thoughts), sealed(&keyring, &ours, Purpose::Summary));
    let user = r#"{"role":"user","content":"Hi"}"#.to_owned();
    let items = [user.clone(), thoughts(&thought, ""), compaction(&sum), thoughts("", "plain")];
    let mut good = asked(&items[..3]);
    new(&keyring, &ours, "m", &mut good).unwrap();
    let mut good: Vec<_> = good.iter().map(|item| item.as_new().unwrap().clone()).collect();
    let opened = Some(vec!["Hm".to_owned()]);
    assert_eq!(texts(&mut good), [opened.clone(), opened]);

    let other_key = Key::of(&Secret::new("another key".to_owned()));
    let other_key = Keyring::new(vec![other_key], Vec::new()).unwrap();
    let expected = |at: usize| (CODE.to_owned(), Some(format!("input[{at}].encrypted_content")));
    for (keyring, scope, model, items, at) in [
        (&*keyring, team("b"), "m", vec![user.clone(), thoughts(&thought, "")], 1),
        (&*keyring, team("a"), "n", vec![thoughts(&thought, "plain")], 0),
        (&other_key, team("a"), "m", vec![thoughts(&thought, "plain")], 0),
        (&*keyring, team("a"), "m", vec![user.clone(), user, compaction(&thought)], 2),
        (&*keyring, team("a"), "m", vec![thoughts(&sum, "")], 0),
        (&*keyring, team("a"), "m", vec![thoughts("gAAAA", "")], 0),
        (&*keyring, team("a"), "m", vec![thoughts("", "plain")], 0),
        (&*keyring, team("a"), "m", vec![compaction(&thought[1..])], 0),
    ] {
        let refused = refusal(new(keyring, &scope, model, &mut asked(&items)));
        assert_eq!(refused, expected(at), "{items:?}");
    }
}

#[test]
fn what_is_stored_opens_whichever_model_goes_on_with_it() {
    let (keyring, ours) = (keyring(), team("a"));
    let thought = sealed(&keyring, &ours, Purpose::Thoughts);
    let mut kept = stored(&[thoughts(&thought, ""), thoughts("lost", "plain")]);
    past(&keyring, &ours, &mut kept, "conversation").unwrap();
    assert_eq!(texts(&mut kept), [Some(vec!["Hm".to_owned()]), None]);
    for lost in [thoughts("lost", ""), compaction("lost")] {
        let refused = refusal(past(&keyring, &ours, &mut stored(&[lost]), "conversation"));
        assert_eq!(refused, (CODE.to_owned(), Some("conversation".to_owned())));
    }
    check(&keyring, &ours, &mut stored(&[thoughts(&thought, "")]), "items").unwrap();
    let mut items = stored(&[thoughts(&thought, "")]);
    let refused = refusal(check(&keyring, &team("b"), &mut items, "items"));
    assert_eq!(refused, (CODE.to_owned(), Some("items[0].encrypted_content".to_owned())));
}
