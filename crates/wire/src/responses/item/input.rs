//! Reads items.

use std::collections::HashSet;

use serde_json::value::RawValue;
use transom_core::content::{Part, Text};
use transom_core::failure::Failure;
use transom_core::id::{ItemId, MAX_LENGTH};
use transom_core::item::{
    Compaction, Conformity, CustomToolCall, FunctionCall, FunctionCallOutput, FunctionOutput,
    HostedKind, Item, ItemStatus, Message, Phase, Reasoning, Role, Sealed,
};
use transom_core::tool::ToolName;

use super::content;
use crate::responses::path::Path;
use crate::responses::read::{self, Object};
use crate::responses::refuse;

mod hosted;

pub(super) use hosted::ANNOTATION;

/// The types of items that are understood.
pub(super) const SUPPORTED: &[&str] = &[
    "message",
    "reasoning",
    "compaction",
    "function_call",
    "function_call_output",
    "custom_tool_call",
    "custom_tool_call_output",
    REFERENCE,
];

/// The type of an item that stands for a stored one.
const REFERENCE: &str = "item_reference";

/// The most references that one list of items may have.
pub const MAX_REFERENCES: usize = 1000;

/// An item of a request.
#[derive(Clone, Debug)]
pub enum InputItem {
    /// The item itself.
    New(Item),
    /// One that its owner has stored.
    Reference(ItemId),
}

impl InputItem {
    /// The item, where the request has it.
    pub fn as_new(&self) -> Option<&Item> {
        match self {
            Self::New(item) => Some(item),
            Self::Reference(_) => None,
        }
    }

    /// The id of the stored item that it stands for.
    pub fn reference(&self) -> Option<&ItemId> {
        match self {
            Self::New(_) => None,
            Self::Reference(id) => Some(id),
        }
    }

    fn id(&self) -> Option<&ItemId> {
        match self {
            Self::New(item) => item.id(),
            Self::Reference(id) => Some(id),
        }
    }
}

/// The `input` of a request: a string, which is a message of the user, or a list of items.
pub(in crate::responses) fn read_input(
    raw: &RawValue,
    path: &Path<'_>,
) -> Result<Vec<InputItem>, Failure> {
    match raw.get().as_bytes().first() {
        Some(b'"') => {
            let content = vec![Part::Text(Text::from(read::string(raw, path)?))];
            let (role, phase, status) = (Role::User, None, ItemStatus::Completed);
            let message = Message { id: None, role, content, phase, status };
            Ok(vec![InputItem::New(Item::Message(message))])
        }
        Some(b'[') => read_list(&read::array(raw, path)?, path),
        _ => Err(refuse::wrong_type(path, "a string or an array", raw)),
    }
}

/// A list of items, each with an id of its own if it has one.
pub(in crate::responses) fn read_list(
    elements: &[&RawValue],
    path: &Path<'_>,
) -> Result<Vec<InputItem>, Failure> {
    let mut items = Vec::with_capacity(elements.len());
    for (index, element) in elements.iter().enumerate() {
        items.push(read_given(element, &path.element(index))?);
    }
    if items.iter().filter_map(InputItem::reference).nth(MAX_REFERENCES).is_some() {
        let why = format!("there may be at most {MAX_REFERENCES} references.");
        return Err(refuse::wrong_value(path, &why));
    }
    let mut seen = HashSet::new();
    for (index, item) in items.iter().enumerate() {
        if let Some(id) = item.id()
            && !seen.insert(id.as_str())
        {
            let at = path.element(index);
            return Err(refuse::wrong_value(&at.field("id"), "another item has the same id."));
        }
    }
    Ok(items)
}

/// One item of a request. What has nothing but an id is a reference: OpenAI's schema lets its type be
/// null or left out.
fn read_given(raw: &RawValue, path: &Path<'_>) -> Result<InputItem, Failure> {
    let mut item = Object::read(raw, path)?;
    if !item.is_type(REFERENCE) && !item.has_nothing_but("id") {
        return read_fields(item).map(InputItem::New);
    }
    match read_id(&mut item)? {
        Some(id) => Ok(InputItem::Reference(id)),
        None => Err(refuse::missing(&path.field("id"))),
    }
}

/// One item of a stored row, which is never a reference.
pub(super) fn read_item(raw: &RawValue, path: &Path<'_>) -> Result<Item, Failure> {
    read_fields(Object::read(raw, path)?)
}

fn read_fields(mut item: Object<'_, '_>) -> Result<Item, Failure> {
    let path = item.path();
    let kind = item.string("type")?;
    match kind.as_deref() {
        None if item.has("role") => read_message(item).map(Item::Message),
        None => Err(refuse::missing(&path.field("type"))),
        Some("message") => read_message(item).map(Item::Message),
        Some("reasoning") => read_reasoning(item).map(Item::Reasoning),
        Some("function_call") => read_call(item).map(Item::FunctionCall),
        Some("function_call_output") => read_output(item).map(Item::FunctionCallOutput),
        Some("custom_tool_call") => read_custom_call(item).map(Item::CustomToolCall),
        Some("custom_tool_call_output") => read_output(item).map(Item::CustomToolCallOutput),
        Some("compaction" | "compaction_summary") => read_compaction(item).map(Item::Compaction),
        Some(other) => match HostedKind::of(other) {
            Some(kind) => hosted::read(item, kind).map(Item::Hosted),
            None => Err(refuse_kind(&path.field("type"), other)),
        },
    }
}

fn refuse_kind(path: &Path<'_>, kind: &str) -> Failure {
    let hosted = HostedKind::ALL.iter().map(|kind| kind.word());
    let known: Vec<_> = SUPPORTED.iter().copied().chain(hosted).collect();
    let list = refuse::list(&known);
    let why = format!("items of type '{kind}' are not understood here, these are: {list}.");
    refuse::unsupported_value(path, &why)
}

fn read_compaction(mut item: Object<'_, '_>) -> Result<Compaction, Failure> {
    let id = read_id(&mut item)?;
    let encrypted_content = Sealed::shut(item.require_string("encrypted_content")?);
    Ok(Compaction { id, encrypted_content })
}

fn read_message(mut item: Object<'_, '_>) -> Result<Message, Failure> {
    let id = read_id(&mut item)?;
    let path = item.path();
    let role = match item.word("role", &["user", "assistant", "system", "developer"])? {
        None => return Err(refuse::missing(&path.field("role"))),
        Some("assistant") => Role::Assistant,
        Some("system") => Role::System,
        Some("developer") => Role::Developer,
        Some(_) => Role::User,
    };
    let content = content::read(item.require("content")?, &path.field("content"), role)?;
    let phase = match item.word("phase", &["commentary", "final_answer"])? {
        None => None,
        Some("commentary") => Some(Phase::Commentary),
        Some(_) => Some(Phase::FinalAnswer),
    };
    Ok(Message { id, role, content, phase, status: read_status(&mut item)? })
}

fn read_reasoning(mut item: Object<'_, '_>) -> Result<Reasoning, Failure> {
    Ok(Reasoning {
        id: read_id(&mut item)?,
        summary: read_texts(&mut item, "summary", "summary_text")?,
        content: read_texts(&mut item, "content", "reasoning_text")?,
        encrypted_content: item.string("encrypted_content")?.map(Sealed::shut),
        status: read_status(&mut item)?,
    })
}

/// A list of objects that have nothing but a type and a text.
fn read_texts(
    item: &mut Object<'_, '_>,
    name: &'static str,
    kind: &'static str,
) -> Result<Vec<String>, Failure> {
    let list = item.path().field(name);
    let mut texts = Vec::new();
    for (index, element) in item.array(name)?.unwrap_or_default().into_iter().enumerate() {
        let at = list.element(index);
        let mut part = Object::read(element, &at)?;
        if part.word("type", &[kind])?.is_none() {
            return Err(refuse::missing(&at.field("type")));
        }
        texts.push(part.require_string("text")?);
    }
    Ok(texts)
}

fn read_call(mut item: Object<'_, '_>) -> Result<FunctionCall, Failure> {
    Ok(FunctionCall {
        id: read_id(&mut item)?,
        call_id: read_call_id(&mut item)?,
        tool: read_tool_name(&mut item)?,
        arguments: item.require_string("arguments")?,
        status: read_status(&mut item)?,
    })
}

fn read_custom_call(mut item: Object<'_, '_>) -> Result<CustomToolCall, Failure> {
    Ok(CustomToolCall {
        id: read_id(&mut item)?,
        call_id: read_call_id(&mut item)?,
        tool: read_tool_name(&mut item)?,
        input: item.require_string("input")?,
        status: read_status(&mut item)?,
        conformity: Conformity::Unasked,
    })
}

fn read_tool_name(item: &mut Object<'_, '_>) -> Result<ToolName, Failure> {
    let namespace = item.string("namespace")?.filter(|namespace| !namespace.is_empty());
    Ok(ToolName { namespace, name: require_filled(item, "name")? })
}

fn read_output(mut item: Object<'_, '_>) -> Result<FunctionCallOutput, Failure> {
    let id = read_id(&mut item)?;
    let call_id = read_call_id(&mut item)?;
    let raw = item.require("output")?;
    let at = item.path().field("output");
    let output = if raw.get().starts_with('"') {
        FunctionOutput::Text(read::string(raw, &at)?)
    } else {
        FunctionOutput::Parts(content::read(raw, &at, Role::User)?)
    };
    Ok(FunctionCallOutput { id, call_id, output, status: read_status(&mut item)? })
}

fn read_call_id(item: &mut Object<'_, '_>) -> Result<String, Failure> {
    require_filled(item, "call_id")
}

fn require_filled(item: &mut Object<'_, '_>, name: &'static str) -> Result<String, Failure> {
    let text = item.require_string(name)?;
    if text.is_empty() {
        return Err(refuse::wrong_value(&item.path().field(name), "it may not be empty."));
    }
    Ok(text)
}

fn read_id(item: &mut Object<'_, '_>) -> Result<Option<ItemId>, Failure> {
    match item.string("id")? {
        None => Ok(None),
        Some(id) if (1..=MAX_LENGTH).contains(&id.len()) => Ok(Some(ItemId::given(id))),
        Some(_) => {
            let why = format!("an id is 1 to {MAX_LENGTH} bytes.");
            Err(refuse::wrong_value(&item.path().field("id"), &why))
        }
    }
}

/// An item without a status is whole: nobody sends half an item on purpose.
fn read_status(item: &mut Object<'_, '_>) -> Result<ItemStatus, Failure> {
    Ok(match item.word("status", &["in_progress", "completed", "incomplete"])? {
        Some("in_progress") => ItemStatus::InProgress,
        Some("incomplete") => ItemStatus::Incomplete,
        Some(_) | None => ItemStatus::Completed,
    })
}
