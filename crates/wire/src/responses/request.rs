//! The body of `POST /v1/responses`, and the event that stands for it on a WebSocket.
//!
//! [`parse`], [`parse_event`] and [`parse_compact`] check everything that can be checked without history;
//! [`CreateResponse::resolve`] joins the request with the turns it continues, once the stored items are
//! there that it refers to. What becomes of each field is listed in
//! [`FIELDS`]; what the list does not have goes on to the model server as it came.

use serde_json::value::RawValue;
use transom_core::Json;
use transom_core::failure::{Failure, Invalid};
use transom_core::tool::{Tool, ToolChoice};

use super::item::{InputItem, read_input};
use super::path::Path;
use super::read::Object;
use super::{conversation, refuse, tools};

pub use compact::{COMPACT_FIELDS, parse_compact};
pub use fields::{Effect, FIELDS, Field};
pub use include::{INCLUDES, Include, check_include};
pub use labels::Labels;
pub(super) use labels::{metadata_of, read_metadata};
pub use settings::{Settings, Truncation};
pub use turn::{Begin, Past, Turn};

mod compact;
mod extra;
mod fields;
mod include;
mod labels;
mod settings;
mod socket;
mod turn;

pub use extra::MAX_EXTRA;

/// A request, checked field by field.
#[derive(Clone, Debug)]
pub struct CreateResponse {
    /// The model's name as the client wrote it.
    pub model: String,
    /// The new items, in order.
    pub input: Vec<InputItem>,
    /// The response to continue, in the client's spelling.
    pub previous_response_id: Option<String>,
    /// The conversation it belongs to, in the client's spelling. Not together with
    /// `previous_response_id`.
    pub conversation: Option<String>,
    /// Whether to keep the response.
    pub store: bool,
    /// Who waits for it.
    pub ground: Ground,
    /// How the answer is sent.
    pub delivery: Delivery,
    /// Whether the model is asked at all.
    pub work: Work,
    /// The tools; `None` when the field is absent, which inherits those of the previous response.
    /// Null is not absent: it means no tools.
    pub tools: Option<Vec<Tool>>,
    /// The tool choice, likewise; null means `auto`.
    pub tool_choice: Option<ToolChoice>,
    /// What the model server is told, and the response object shows.
    pub settings: Settings,
    /// What only the response object shows.
    pub labels: Labels,
    /// Fields the gateway does not know, in order, at most [`MAX_EXTRA`]. The
    /// [`shield`](crate::shield) decides which of them a model server may see.
    pub extra: Vec<(String, Json)>,
}

/// How an answer is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// As one JSON object.
    Whole,
    /// As an event stream.
    Stream,
}

/// Who waits for a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ground {
    /// Its client: it ends when the client leaves.
    Foreground,
    /// Nobody: it has an id at once, and goes on whoever leaves.
    Background,
}

/// What is done with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// The model answers.
    Generate,
    /// Nothing: the answer is empty, and a later request continues it. `generate: false` on a
    /// WebSocket.
    Prewarm,
    /// The model sums the conversation up: `POST /v1/responses/compact`.
    Compact,
}

/// Reads a request. Every refusal but that of a body that is no JSON object names the field.
pub fn parse(body: &[u8]) -> Result<CreateResponse, Failure> {
    let raw = raw(body)?;
    let mut fields = Object::read(raw, &Path::Root).map_err(|_| no_object())?;
    socket::refuse(&mut fields)?;
    let delivery = match fields.flag("stream")? {
        Some(true) => Delivery::Stream,
        Some(false) | None => Delivery::Whole,
    };
    read(fields, delivery, Work::Generate)
}

/// Reads a request of which only the tokens are to be counted: nothing of it is streamed.
pub fn parse_count(body: &[u8]) -> Result<CreateResponse, Failure> {
    let request = parse(body)?;
    if request.delivery == Delivery::Stream {
        let why = "the answer to this route is one number.";
        return Err(refuse::unsupported_value(&Path::Root.field("stream"), why));
    }
    if request.ground == Ground::Background {
        let why = "nothing is written here.";
        return Err(refuse::unsupported_value(&Path::Root.field("background"), why));
    }
    Ok(request)
}

/// Reads a `response.create` event of a WebSocket: a request with a type, whose answer is a stream
/// whatever its `stream` says.
pub fn parse_event(text: &[u8]) -> Result<CreateResponse, Failure> {
    let raw = raw(text)?;
    let mut fields = Object::read(raw, &Path::Root).map_err(|_| no_object())?;
    let work = socket::read(&mut fields)?;
    fields.flag("stream")?;
    socket::refuse_background(&mut fields)?;
    read(fields, Delivery::Stream, work)
}

fn raw(body: &[u8]) -> Result<&RawValue, Failure> {
    serde_json::from_slice(body).map_err(|_| no_object())
}

fn read(
    mut fields: Object<'_, '_>,
    delivery: Delivery,
    work: Work,
) -> Result<CreateResponse, Failure> {
    refuse_unsupported(&mut fields)?;
    let model = fields.require_string("model")?;
    let previous_response_id = fields.string("previous_response_id")?;
    let conversation = conversation::read_id(&mut fields)?;
    if conversation.is_some() && previous_response_id.is_some() {
        return Err(refuse::mutually_exclusive("conversation", "previous_response_id"));
    }
    let store = fields.flag("store")?.unwrap_or(true);
    let ground = read_ground(&mut fields, store)?;
    let settings = Settings::read(&mut fields)?;
    // Nothing is said to the model where nothing is generated.
    let may_be_empty =
        previous_response_id.is_some() || conversation.is_some() || work == Work::Prewarm;
    let input = take_input(&mut fields, may_be_empty, &settings)?;
    let tools = fields
        .given("tools")
        .map(|raw| or_null(raw, Vec::new(), |raw| tools::read_tools(raw, &TOOLS)))
        .transpose()?;
    let tool_choice = fields
        .given("tool_choice")
        .map(|raw| or_null(raw, ToolChoice::Auto, |raw| tools::read_choice(raw, &TOOL_CHOICE)))
        .transpose()?;
    Ok(CreateResponse {
        model,
        input,
        previous_response_id,
        conversation,
        store,
        ground,
        delivery,
        work,
        tools,
        tool_choice,
        settings,
        labels: Labels::read(&mut fields)?,
        extra: extra::read(fields)?,
    })
}

const TOOLS: Path<'static> = Path::Field(&Path::Root, "tools");
const TOOL_CHOICE: Path<'static> = Path::Field(&Path::Root, "tool_choice");

fn no_object() -> Failure {
    Failure::Invalid(Invalid {
        param: None,
        code: "invalid_json",
        message: "The body is not a JSON object.".to_owned(),
    })
}

fn or_null<T>(
    raw: &RawValue,
    null: T,
    read: impl FnOnce(&RawValue) -> Result<T, Failure>,
) -> Result<T, Failure> {
    if raw.get() == "null" { Ok(null) } else { read(raw) }
}

/// A response that is not kept could not be found again by anybody.
fn read_ground(fields: &mut Object<'_, '_>, store: bool) -> Result<Ground, Failure> {
    match (fields.flag("background")?, store) {
        (Some(true), false) => {
            let why = "A response in the background has to be stored: leave 'store' out.";
            Err(refuse::wrong_value(&Path::Root.field("store"), why))
        }
        (Some(true), true) => Ok(Ground::Background),
        (Some(false) | None, _) => Ok(Ground::Foreground),
    }
}

/// What OpenAI offers and this gateway does not: a false or null value asks for nothing.
fn refuse_unsupported(fields: &mut Object<'_, '_>) -> Result<(), Failure> {
    if fields.take("prompt").is_some() {
        let why = "There are no stored prompts here: send 'instructions' and 'input'.";
        return Err(refuse::unsupported_parameter(&Path::Root.field("prompt"), why));
    }
    if fields.take("context_management").is_some() {
        let why = "Nothing is compacted here on its own.";
        let path = Path::Root.field("context_management");
        return Err(refuse::unsupported_parameter(&path, why));
    }
    Ok(())
}

/// The new items. Something has to be said to the model by the input, the instructions or, where
/// the input `may_be_empty`, by a conversation that goes on.
fn take_input(
    fields: &mut Object<'_, '_>,
    may_be_empty: bool,
    settings: &Settings,
) -> Result<Vec<InputItem>, Failure> {
    let path = Path::Root.field("input");
    let input = match fields.take("input") {
        Some(raw) => read_input(raw, &path)?,
        None if may_be_empty => Vec::new(),
        None => return Err(refuse::missing(&path)),
    };
    if input.is_empty() && !may_be_empty && settings.instructions.is_none() {
        let why = "an empty list needs 'instructions' or 'previous_response_id' beside it.";
        return Err(refuse::wrong_value(&path, why));
    }
    Ok(input)
}

#[cfg(test)]
mod tests;
