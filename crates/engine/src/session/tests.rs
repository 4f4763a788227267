use super::*;

fn id(number: u128) -> ResponseId {
    ResponseId::parse(&format!("resp_{number:032x}")).unwrap()
}

fn json(text: &str) -> Json {
    serde_json::value::RawValue::from_string(text.to_owned()).unwrap()
}

fn turn(parent: Option<u128>, item: &str) -> Turn {
    Turn {
        parent: parent.map(id),
        status: TurnStatus::Completed,
        items: vec![json(item)],
        tools: json("[]"),
        tool_choice: json("\"auto\""),
    }
}

/// The items, the oldest turn, and what came before it.
fn found(session: &Session, number: u128) -> Option<(String, ResponseId, Option<ResponseId>)> {
    let recalled = session.recall(&id(number))?;
    assert_eq!(recalled.turns as usize, recalled.history.items.len());
    let items = recalled.history.items.iter().map(|item| item.get()).collect();
    Some((items, recalled.history.root, recalled.before))
}

#[test]
fn a_conversation_is_recalled_as_far_as_it_is_remembered() {
    let session = Session::new(Limits { turns: 10, bytes: 1000 });
    session.keep(id(2), turn(Some(1), "2"));
    session.keep(id(3), turn(Some(2), "3"));
    session.keep(id(4), turn(Some(2), "4"));
    assert_eq!(found(&session, 3), Some(("23".to_owned(), id(2), Some(id(1)))));
    assert_eq!(found(&session, 4), Some(("24".to_owned(), id(2), Some(id(1)))), "a branch");
    assert_eq!(found(&session, 1), None);
}

#[test]
fn the_oldest_turns_are_forgotten_where_there_is_no_room() {
    let each = turn(None, "1").bytes();
    let by_count = Session::new(Limits { turns: 2, bytes: 1000 });
    let by_size = Session::new(Limits { turns: 1000, bytes: 2 * each });
    for session in [by_count, by_size] {
        for number in 1..=3 {
            session.keep(id(number), turn(None, "1"));
        }
        assert_eq!([1, 2, 3].map(|number| session.has(&id(number))), [false, true, true]);
        assert_eq!(session.lock().bytes, 2 * each);
    }
    // One that is larger than the room is not kept at all, and takes the others along.
    let small = Session::new(Limits { turns: 2, bytes: each });
    small.keep(id(1), turn(None, "1"));
    small.keep(id(2), turn(None, "22"));
    assert_eq!([1, 2].map(|number| small.has(&id(number))), [false, false]);
    assert_eq!(small.lock().bytes, 0);
}
