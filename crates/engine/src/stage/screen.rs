//! What a request may be: valid JSON within bounds, asking nothing dangerous.

use std::sync::Arc;

use bytes::Bytes;
use transom_core::Json;
use transom_core::content::Part;
use transom_core::failure::{Failure, Invalid};
use transom_core::item::{FunctionCallOutput, FunctionOutput, HostedItem, Item, Told};
use transom_core::port::upstream;
use transom_core::request::OutputFormat;
use transom_core::tool::{FunctionTool, InputFormat, OwnTool};
use transom_wire::responses::item::InputItem;
use transom_wire::responses::request::{self, CreateResponse};
use transom_wire::scan::{self, Head};
use transom_wire::shield::{Extra, Inspection, Route, Shield};

use crate::call::{Endpoint, Transport};
use crate::live::Snapshot;

/// A request that may go on.
pub(crate) enum Screened {
    /// Its bytes go through.
    Bytes(Passage),
    /// It is typed. Boxed because it is much the larger case.
    Response(Box<CreateResponse>),
    /// Likewise, and only its tokens are to be counted.
    Count(Box<CreateResponse>),
}

/// A request whose bytes go through.
pub(crate) struct Passage {
    /// The model server's route, which has the same protocol.
    pub(crate) route: upstream::Route,
    /// What the scan found.
    pub(crate) head: Arc<Head>,
    /// The body as it came.
    pub(crate) body: Bytes,
}

impl Snapshot {
    /// One validating scan over the untouched body, then the shield, then the protocol's own rules.
    pub(crate) fn screen(
        &self,
        endpoint: Endpoint,
        transport: &Transport,
        body: Bytes,
    ) -> Result<Screened, Failure> {
        let head = scan::scan(&body, &self.settings.scan)?;
        let (rules, through) = match endpoint {
            Endpoint::ChatCompletions => (Route::Chat, Some(upstream::Route::ChatCompletions)),
            Endpoint::Completions => (Route::Completions, Some(upstream::Route::Completions)),
            Endpoint::Embeddings => (Route::Embeddings, Some(upstream::Route::Embeddings)),
            Endpoint::Rerank => (Route::Rerank, Some(upstream::Route::Rerank)),
            Endpoint::Score => (Route::Score, Some(upstream::Route::Score)),
            Endpoint::Responses | Endpoint::Compact | Endpoint::InputTokens => {
                (Route::Responses, None)
            }
        };
        let shield = &self.settings.shield;
        shield.check_fields(&body, &head, rules).map_err(Failure::Invalid)?;
        if let Some(route) = through {
            return Ok(Screened::Bytes(Passage { route, head: Arc::new(head), body }));
        }
        let mut request = match (endpoint, transport) {
            (Endpoint::Compact, _) => request::parse_compact(&body)?,
            (Endpoint::InputTokens, _) => request::parse_count(&body)?,
            (_, Transport::Request) => request::parse(&body)?,
            (_, Transport::Socket(_)) => request::parse_event(&body)?,
        };
        check_schemas(shield, &request).map_err(Failure::Invalid)?;
        // What is stored has been looked at when it was stored.
        let new = request.input.iter().map(InputItem::as_new);
        check_items(shield, new, "input").map_err(Failure::Invalid)?;
        keep_allowed(shield, &mut request.extra).map_err(Failure::Invalid)?;
        let request = Box::new(request);
        Ok(match endpoint {
            Endpoint::InputTokens => Screened::Count(request),
            _ => Screened::Response(request),
        })
    }
}

/// A schema compiles to a grammar within the engine: its size is the engine's time.
fn check_schemas(shield: &Shield, request: &CreateResponse) -> Result<(), Invalid> {
    let mut inspection = shield.inspect();
    for (at, tool) in request.tools.iter().flatten().enumerate() {
        for (place, (namespace, own)) in tool.callable().enumerate() {
            let param = match namespace {
                None => format!("tools[{at}]"),
                Some(_) => format!("tools[{at}].tools[{place}]"),
            };
            inspection.tool_name(&own.in_namespace(namespace).flat(), &format!("{param}.name"))?;
            check_tool(&mut inspection, own, &param)?;
        }
    }
    if let OutputFormat::JsonSchema(format) = &request.settings.output_format {
        inspection.schema(format.schema.get(), "text.format.schema")?;
    }
    Ok(())
}

fn check_tool(inspection: &mut Inspection<'_>, tool: &OwnTool, param: &str) -> Result<(), Invalid> {
    let definition = format!("{param}.format.definition");
    match tool {
        OwnTool::Function(FunctionTool { parameters: Some(parameters), .. }) => {
            inspection.schema(parameters.get(), &format!("{param}.parameters"))
        }
        OwnTool::Function(_) => Ok(()),
        OwnTool::Custom(tool) => match &tool.format {
            InputFormat::Text => Ok(()),
            InputFormat::Lark(grammar) => inspection.grammar(grammar, &definition),
            InputFormat::Regex(pattern) => inspection.regex(pattern, &definition),
        },
    }
}

/// The same rule for pictures as on the road where bytes go through; and arguments within bounds.
pub(crate) fn check_items<'a>(
    shield: &Shield,
    items: impl Iterator<Item = Option<&'a Item>>,
    list: &str,
) -> Result<(), Invalid> {
    for (at, item) in items.enumerate() {
        let Some(item) = item else { continue };
        let (parts, field) = match item {
            Item::Message(message) => (&message.content, "content"),
            Item::FunctionCallOutput(FunctionCallOutput { output, .. })
            | Item::CustomToolCallOutput(FunctionCallOutput { output, .. })
            | Item::Hosted(HostedItem { told: Told::Output { output, .. }, .. }) => match output {
                FunctionOutput::Parts(parts) => (parts, "output"),
                FunctionOutput::Text(_) => continue,
            },
            Item::FunctionCall(call) => {
                shield.check_arguments(&call.arguments, &format!("{list}[{at}].arguments"))?;
                continue;
            }
            Item::Hosted(
                hosted @ HostedItem {
                    told: Told::Done { arguments, .. } | Told::Call { arguments, .. },
                    ..
                },
            ) => {
                let param = format!("{list}[{at}].{}", hosted.arguments_field());
                shield.check_arguments(arguments, &param)?;
                continue;
            }
            _ => continue,
        };
        // The one picture of a screenshot is the output itself.
        let alone = matches!(item, Item::Hosted(_));
        for (place, part) in parts.iter().enumerate() {
            if let Part::Image(image) = part {
                let place = if alone { String::new() } else { format!("[{place}]") };
                let param = format!("{list}[{at}].{field}{place}.image_url");
                shield.check_media_url(&image.url, &param)?;
            }
        }
    }
    Ok(())
}

/// Fields the gateway does not know go on to the model server, but for those that are the
/// gateway's own.
fn keep_allowed(shield: &Shield, extra: &mut Vec<(String, Json)>) -> Result<(), Invalid> {
    let mut kept = Vec::with_capacity(extra.len());
    for (name, value) in extra.drain(..) {
        if shield.check_extra(&name, value.get())? == Extra::Keep {
            kept.push((name, value));
        }
    }
    *extra = kept;
    Ok(())
}
