//! Joins a request with the turns it continues.
//!
//! A call that a limit cut and nobody answered is left out: it is no call.
//!
//! Inherited are the items of all turns, and the tools and the tool choice where the request does
//! not have the field. Nothing else is: neither instructions nor settings.

use std::collections::HashSet;

use transom_core::Json;
use transom_core::clock::Timestamp;
use transom_core::failure::Failure;
use transom_core::id::{ConversationId, IdSource, ResponseId};
use transom_core::item::{CustomToolCall, FunctionCall, Item, ItemStatus};
use transom_core::port::store::{History, StoredItem};
use transom_core::request::Generation;
use transom_core::tool::{Tool, ToolChoice};

use super::CreateResponse;
use crate::chat::Dropped;
use crate::responses::object::Head;
use crate::responses::{item, tools};

/// What a continuation has from earlier turns; empty for a first turn.
#[derive(Clone, Debug, Default)]
pub struct Past {
    /// All items, oldest first.
    pub items: Vec<Item>,
    /// The tools in force.
    pub tools: Option<Vec<Tool>>,
    /// The tool choice in force.
    pub tool_choice: Option<ToolChoice>,
}

impl Past {
    /// Reads the items of a conversation, which has neither tools nor a choice among them.
    pub fn of_items(items: &[Json]) -> Result<Self, Failure> {
        let items = items.iter().map(|json| item::from_stored(json)).collect::<Result<_, _>>()?;
        Ok(Self { items, ..Self::default() })
    }

    /// Reads what the store has found. Whether the newest turn can be continued is not asked here.
    pub fn read(history: &History) -> Result<Self, Failure> {
        Ok(Self {
            items: history
                .items
                .iter()
                .map(|json| item::from_stored(json))
                .collect::<Result<_, _>>()?,
            tools: history.tools.as_ref().map(tools::from_json).transpose()?,
            tool_choice: history.tool_choice.as_ref().map(tools::choice_from_json).transpose()?,
        })
    }
}

/// What begins with a response.
pub struct Begin<'a> {
    /// Its id.
    pub id: ResponseId,
    /// When it begins.
    pub created_at: Timestamp,
    /// The conversation it is a turn of.
    pub conversation: Option<ConversationId>,
    /// For input items that have no id yet.
    pub ids: &'a dyn IdSource,
}

/// A request that is ready to run.
#[derive(Debug)]
pub struct Turn {
    /// What the model is asked.
    pub generation: Generation,
    /// What the response object says about the request, tools in force included.
    pub head: Head,
    /// The request's own items as they are kept.
    pub input: Vec<StoredItem>,
}

impl CreateResponse {
    /// Joins the request with `past`; `new` are the items of its input, those it refers to among
    /// them. Fails where the tool choice names a tool that is not among the tools in force.
    pub fn resolve(
        mut self,
        past: Past,
        mut new: Vec<Item>,
        begin: Begin<'_>,
    ) -> Result<Turn, Failure> {
        let tools = self.tools.take().or(past.tools).unwrap_or_default();
        let tool_choice = match self.tool_choice.take() {
            Some(choice) => {
                tools::check_choice(&choice, &tools)?;
                choice
            }
            // A choice that no longer fits the tools was not made for them.
            None => past
                .tool_choice
                .filter(|choice| tools::check_choice(choice, &tools).is_ok())
                .unwrap_or_default(),
        };
        let input = new.iter_mut().map(|item| item::to_stored(item, begin.ids)).collect();
        let head = Head {
            id: begin.id,
            created_at: begin.created_at,
            previous_response_id: self.previous_response_id,
            conversation: begin.conversation,
            model: self.model.clone(),
            store: self.store,
            ground: self.ground,
            tools: tools::to_json(&tools),
            tool_choice: tools::choice_to_json(&tool_choice),
            settings: self.settings.clone(),
            labels: self.labels,
            dropped: Dropped::default(),
        };
        let mut items = past.items;
        drop_cut_calls(&mut items, &new);
        items.append(&mut new);
        let settings = self.settings;
        let generation = Generation {
            model: self.model,
            instructions: settings.instructions,
            input: items,
            tools,
            tool_choice,
            parallel_tool_calls: settings.parallel_tool_calls,
            sampling: settings.sampling,
            output_format: settings.output_format,
            verbosity: settings.verbosity.map(str::to_owned),
            reasoning_effort: settings.reasoning_effort.map(str::to_owned),
            max_output_tokens: settings.max_output_tokens,
            extra: self.extra,
        };
        Ok(Turn { generation, head, input })
    }
}

/// Takes out the calls that a token limit or a filter cut, unless somebody has answered them: their
/// arguments are half a text, and the conversation could not go on while they wait for an output.
fn drop_cut_calls(past: &mut Vec<Item>, input: &[Item]) {
    let answered: HashSet<String> =
        past.iter().chain(input).filter_map(Item::answers).map(str::to_owned).collect();
    past.retain(|item| match item {
        Item::FunctionCall(FunctionCall { status, call_id, .. })
        | Item::CustomToolCall(CustomToolCall { status, call_id, .. }) => {
            *status != ItemStatus::Incomplete || answered.contains(call_id)
        }
        _ => true,
    });
}
