use transom_core::content::{Part, Text};
use transom_core::item::{
    FunctionCall, FunctionCallOutput, FunctionOutput, Item, ItemStatus, Message, Reasoning, Role,
};
use transom_core::tool::ToolName;

use super::{Pairing, PairingKind, check_pairing};

const STATUS: ItemStatus = ItemStatus::Completed;

fn said(role: Role) -> Item {
    let content = vec![Part::Text(Text::from("x".to_owned()))];
    Item::Message(Message { id: None, role, content, phase: None, status: STATUS })
}

fn thought() -> Item {
    let (summary, content) = (Vec::new(), vec!["hm".to_owned()]);
    Item::Reasoning(Reasoning {
        id: None,
        summary,
        content,
        encrypted_content: None,
        status: STATUS,
    })
}

fn call(id: &str) -> Item {
    let (tool, arguments) = (ToolName::plain("f"), "{}".to_owned());
    let call_id = id.to_owned();
    Item::FunctionCall(FunctionCall { id: None, call_id, tool, arguments, status: STATUS })
}

fn output(id: &str) -> Item {
    let output = FunctionOutput::Text("1".to_owned());
    let call_id = id.to_owned();
    Item::FunctionCallOutput(FunctionCallOutput { id: None, call_id, output, status: STATUS })
}

#[test]
fn whole_pairs_pass_in_every_order_clients_use() {
    let user = || said(Role::User);
    let together = [user(), thought(), call("a"), call("b"), output("b"), output("a")];
    let one_by_one = [user(), call("a"), output("a"), call("b"), output("b"), user()];
    let with_text = [user(), call("a"), said(Role::Assistant), output("a"), said(Role::Assistant)];
    for items in [&together[..], &one_by_one, &with_text, &[]] {
        assert_eq!(check_pairing(items), Ok(()));
    }
}

#[test]
fn half_a_pair_is_named_with_its_place() {
    use PairingKind::{DuplicateCall, DuplicateOutput, MissingOutput, OrphanOutput};
    let user = || said(Role::User);
    let refused = [
        (vec![user(), output("a")], 1, OrphanOutput),
        (vec![output("a"), call("a")], 0, OrphanOutput),
        (vec![call("a"), output("a"), output("a")], 2, DuplicateOutput),
        (vec![call("a"), output("a"), call("a"), output("a")], 2, DuplicateCall),
        (vec![user(), call("a")], 1, MissingOutput),
        (vec![call("a"), user(), output("a")], 0, MissingOutput),
        (vec![call("a"), said(Role::Developer), output("a")], 0, MissingOutput),
        (vec![call("b"), call("a"), output("b"), thought(), output("a")], 1, MissingOutput),
    ];
    for (items, index, kind) in refused {
        let call_id = "a".to_owned();
        assert_eq!(check_pairing(&items), Err(Pairing { index, call_id, kind }), "{items:?}");
    }
}
