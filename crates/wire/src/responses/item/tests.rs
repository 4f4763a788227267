use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use transom_core::Json;
use transom_core::content::{File, FileText, Image, Part, Text};
use transom_core::failure::Failure;
use transom_core::id::ItemId;
use transom_core::item::{
    Compaction, Conformity, CustomToolCall, FunctionCall, FunctionCallOutput, FunctionOutput, Item,
    ItemStatus, Message, Phase, Reasoning, Role, Sealed,
};
use transom_core::port::store::StoreError;
use transom_core::tool::ToolName;

mod files;
mod hosted;
mod malformed;
mod required;

use super::{from_stored, to_stored};
use crate::responses::sample::Counter;

fn read(text: &str) -> Json {
    serde_json::from_str(text).unwrap()
}

fn citations() -> impl Strategy<Value = Vec<Json>> {
    let citation = "[a-z]{0,3}".prop_map(|title| {
        read(&format!(
            r#"{{"type":"url_citation","url":"https://a", "title":"{title}","start_index":0,"end_index":2}}"#
        ))
    });
    vec(citation, 0..2)
}

fn logprobs() -> impl Strategy<Value = Vec<Json>> {
    let token = "[a-z]{0,3}".prop_map(|token| {
        let bytes = token.as_bytes();
        read(&format!(
            r#"{{"token":"{token}","logprob":-1.50,"bytes":{bytes:?},"top_logprobs":[]}}"#
        ))
    });
    vec(token, 0..2)
}

fn client_part() -> impl Strategy<Value = Part> {
    prop_oneof![
        any::<String>().prop_map(|text| Part::Text(Text::from(text))),
        ("https://[a-z]{1,5}", "low|high|auto")
            .prop_map(|(url, detail)| Part::Image(Image { url, detail: Some(detail) })),
        (option::of(any::<String>()), "[a-z ]{0,9}").prop_map(|(filename, text)| {
            let data = format!("data:text/plain;base64,{}", STANDARD.encode(&text));
            Part::File(File { filename, data, text: FileText::Known(text), detail: None })
        }),
    ]
}

fn model_part() -> impl Strategy<Value = Part> {
    prop_oneof![
        (any::<String>(), citations(), logprobs()).prop_map(|(text, annotations, logprobs)| {
            Part::Text(Text { text, annotations, logprobs })
        }),
        any::<String>().prop_map(Part::Refusal),
    ]
}

fn status() -> impl Strategy<Value = ItemStatus> {
    use ItemStatus::{Completed, InProgress, Incomplete};
    prop_oneof![Just(Completed), Just(Incomplete), Just(InProgress)]
}

fn id() -> impl Strategy<Value = Option<ItemId>> {
    option::of("[a-z_0-9]{1,20}".prop_map(ItemId::given))
}

fn message() -> impl Strategy<Value = Item> {
    let client = prop_oneof![Just(Role::User), Just(Role::System), Just(Role::Developer)];
    let said = prop_oneof![
        (client, vec(client_part(), 0..3)),
        (Just(Role::Assistant), vec(model_part(), 0..3)),
    ];
    let phase = option::of(prop_oneof![Just(Phase::Commentary), Just(Phase::FinalAnswer)]);
    (id(), said, phase, status()).prop_map(|(id, (role, content), phase, status)| {
        Item::Message(Message { id, role, content, phase, status })
    })
}

fn reasoning() -> impl Strategy<Value = Item> {
    let texts = || vec(any::<String>(), 0..2);
    (id(), texts(), texts(), option::of(any::<String>()), status()).prop_map(
        |(id, summary, content, encrypted_content, status)| {
            let encrypted_content = encrypted_content.map(Sealed::shut);
            Item::Reasoning(Reasoning { id, summary, content, encrypted_content, status })
        },
    )
}

fn compaction() -> impl Strategy<Value = Item> {
    (id(), any::<String>()).prop_map(|(id, blob)| {
        Item::Compaction(Compaction { id, encrypted_content: Sealed::shut(blob) })
    })
}

fn call() -> impl Strategy<Value = Item> {
    (id(), ".{1,5}", tool(), any::<String>(), status()).prop_map(
        |(id, call_id, tool, arguments, status)| {
            Item::FunctionCall(FunctionCall { id, call_id, tool, arguments, status })
        },
    )
}

fn custom_call() -> impl Strategy<Value = Item> {
    (id(), ".{1,5}", tool(), any::<String>(), status()).prop_map(
        |(id, call_id, tool, input, status)| {
            let conformity = Conformity::Unasked;
            Item::CustomToolCall(CustomToolCall { id, call_id, tool, input, status, conformity })
        },
    )
}

fn tool() -> impl Strategy<Value = ToolName> {
    (option::of("[a-z]{1,3}"), ".{1,5}").prop_map(|(namespace, name)| ToolName { namespace, name })
}

fn output() -> impl Strategy<Value = Item> {
    let output = prop_oneof![
        any::<String>().prop_map(FunctionOutput::Text),
        vec(client_part(), 0..3).prop_map(FunctionOutput::Parts),
    ];
    (id(), ".{1,5}", output, status(), any::<bool>()).prop_map(
        |(id, call_id, output, status, custom)| {
            let output = FunctionCallOutput { id, call_id, output, status };
            if custom {
                Item::CustomToolCallOutput(output)
            } else {
                Item::FunctionCallOutput(output)
            }
        },
    )
}

proptest! {
    /// A conversation read back from the store is the one that was written.
    #[test]
    fn stored_items_are_read_back_without_loss(
        item in
            prop_oneof![message(), reasoning(), compaction(), call(), custom_call(), output()],
    ) {
        let mut item = item;
        let stored = to_stored(&mut item, &Counter::default());
        let mut back = from_stored(&stored.json).unwrap();
        prop_assert_eq!(format!("{item:?}"), format!("{back:?}"));
        let again = to_stored(&mut back, &Counter::default());
        prop_assert_eq!((stored.id, stored.json.get()), (again.id, again.json.get()));
    }
}

#[test]
fn a_damaged_row_is_the_stores_fault() {
    let json: Json = serde_json::from_str(r#"{"type":"message","role":"user"}"#).unwrap();
    let failure = from_stored(&json).unwrap_err();
    assert!(matches!(failure, Failure::Store(StoreError::Damaged(_))), "{failure:?}");
}
