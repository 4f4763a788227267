//! Turns items into chat messages.

use std::borrow::Cow;

use transom_core::content::Part;
use transom_core::item::{
    Compaction, FunctionOutput, HostedItem, Item, Message as Said, Reasoning, Role, Told,
};
use transom_core::request::Generation;

use super::message::{Content, ContentPart, Message, ToolCall, join, text_of};
use super::{ReasoningField, ReasoningHistory, RenderOptions};

/// Between texts that were written apart.
const BLANK_LINE: &str = "\n\n";

/// What a summary begins with.
const SUMMARY: &str = "The conversation before this was replaced by this summary of it:";

/// The ids of calls of hosted tools, which need none of their own: numbered, because an item that a
/// client sends again without its id gets another one each time.
const HOSTED_CALL: &str = "hosted_";

/// The messages of a generation.
///
/// Many templates know a system message only at the very beginning, so the instructions and the
/// system and developer items that lead the input become one. The instructions come first: they
/// are what stays the same from turn to turn.
pub(crate) fn of(generation: &Generation, options: RenderOptions) -> Vec<Message<'_>> {
    let input = &generation.input;
    let leading = input.iter().take_while(|item| is_application(item)).count();
    let mut system: Vec<Cow<'_, str>> =
        generation.instructions.as_deref().map(Cow::Borrowed).into_iter().collect();
    system.extend(input[..leading].iter().flat_map(texts));
    system.retain(|text| !text.is_empty());
    let mut messages = Messages {
        said: Vec::with_capacity(input.len() + 1),
        turn: Turn::default(),
        hosted: 0,
        field: options.reasoning_field,
    };
    if !system.is_empty() {
        messages.said.push(Message::System { content: join(system, BLANK_LINE) });
    }
    let remembered = remembered_from(input, options.reasoning_history);
    for (index, item) in input.iter().enumerate().skip(leading) {
        messages.push(item, index >= remembered);
    }
    messages.end_turn();
    messages.said
}

/// The place from which on thoughts go back to the model.
fn remembered_from(input: &[Item], history: ReasoningHistory) -> usize {
    let from_user = |item: &Item| matches!(item, Item::Message(said) if said.role == Role::User);
    match history {
        ReasoningHistory::Always => 0,
        ReasoningHistory::Never => input.len(),
        ReasoningHistory::ToolTurn => input.iter().rposition(from_user).unwrap_or(0),
    }
}

fn is_application(item: &Item) -> bool {
    matches!(item, Item::Message(said) if matches!(said.role, Role::System | Role::Developer))
}

fn texts(item: &Item) -> impl Iterator<Item = Cow<'_, str>> {
    let parts = match item {
        Item::Message(said) => said.content.as_slice(),
        _ => &[],
    };
    parts.iter().filter_map(text_of)
}

struct Messages<'a> {
    said: Vec<Message<'a>>,
    turn: Turn<'a>,
    /// Calls of hosted tools so far.
    hosted: usize,
    field: ReasoningField,
}

/// What the model said in one go: one message, however many items it has.
#[derive(Default)]
struct Turn<'a> {
    thoughts: Vec<Cow<'a, str>>,
    texts: Vec<Cow<'a, str>>,
    calls: Vec<ToolCall<'a>>,
    /// Results of calls that nobody has to answer any more.
    results: Vec<Message<'a>>,
    /// Whether some of the calls wait for an answer.
    waits: bool,
}

impl<'a> Messages<'a> {
    fn push(&mut self, item: &'a Item, remember: bool) {
        // What the model says after the result of a call it said in another breath.
        if !self.turn.results.is_empty() && !self.turn.waits {
            self.end_turn();
        }
        match item {
            Item::Message(said) if said.role == Role::Assistant => self.turn.say(said),
            Item::Message(said) => self.push_said(said, item),
            Item::Reasoning(reasoning) if remember => self.turn.think(reasoning),
            Item::Reasoning(_) => {}
            Item::Compaction(compaction) => self.push_summary(compaction),
            Item::FunctionCall(call) => self.turn.call(call.into()),
            Item::CustomToolCall(call) => self.turn.call(call.into()),
            Item::FunctionCallOutput(output) | Item::CustomToolCallOutput(output) => {
                self.push_output(&output.call_id, &output.output);
            }
            Item::Hosted(hosted) => self.push_hosted(hosted),
        }
    }

    fn push_hosted(&mut self, item: &'a HostedItem) {
        match &item.told {
            Told::Nothing => {}
            Told::Done { name, arguments, result } => {
                self.hosted += 1;
                let id: Cow<'_, str> = Cow::Owned(format!("{HOSTED_CALL}{}", self.hosted));
                self.turn.calls.push(ToolCall::new(id.clone(), Cow::Borrowed(name), arguments));
                let content = Content::Text(Cow::Borrowed(result));
                self.turn.results.push(Message::Tool { tool_call_id: id, content });
            }
            Told::Call { call_id, name, arguments } => {
                let id = Cow::Borrowed(call_id.as_str());
                self.turn.call(ToolCall::new(id, Cow::Borrowed(name), arguments));
            }
            Told::Output { call_id, output } => self.push_output(call_id, output),
        }
    }

    /// As a message of the user: many templates know a system message only at the beginning, and a
    /// summary may repeat what tools returned, which nobody should obey.
    fn push_summary(&mut self, compaction: &'a Compaction) {
        self.end_turn();
        let texts = compaction.encrypted_content.texts.iter().flatten();
        let texts = texts.map(|text| Cow::Borrowed(text.as_str()));
        let content = join([Cow::Borrowed(SUMMARY)].into_iter().chain(texts).collect(), BLANK_LINE);
        self.said.push(Message::User { content: Content::Text(content) });
    }

    fn push_said(&mut self, said: &'a Said, item: &'a Item) {
        self.end_turn();
        if said.role == Role::User {
            self.said.push(Message::User { content: user_content(&said.content) });
            return;
        }
        let texts: Vec<_> = texts(item).filter(|text| !text.is_empty()).collect();
        if !texts.is_empty() {
            self.said.push(Message::System { content: join(texts, BLANK_LINE) });
        }
    }

    fn push_output(&mut self, call_id: &'a str, output: &'a FunctionOutput) {
        self.end_turn();
        let content = match output {
            FunctionOutput::Text(text) => Content::Text(Cow::Borrowed(text)),
            FunctionOutput::Parts(parts) => output_content(parts),
        };
        self.said.push(Message::Tool { tool_call_id: Cow::Borrowed(call_id), content });
    }

    /// Writes down what the model said, unless that is nothing at all.
    fn end_turn(&mut self) {
        let Turn { thoughts, texts, calls, results, .. } = std::mem::take(&mut self.turn);
        let text = join(texts, BLANK_LINE);
        if calls.is_empty() && thoughts.is_empty() && text.is_empty() {
            return;
        }
        // Whitespace between thoughts and calls is the template's, not the model's.
        let content = (calls.is_empty() || !text.trim_ascii().is_empty()).then_some(text);
        let thoughts = (!thoughts.is_empty()).then(|| join(thoughts, BLANK_LINE));
        let (reasoning, reasoning_content) = match self.field {
            ReasoningField::Reasoning => (thoughts, None),
            ReasoningField::ReasoningContent => (None, thoughts),
            ReasoningField::Both => (thoughts.clone(), thoughts),
        };
        let tool_calls = calls;
        self.said.push(Message::Assistant { content, reasoning, reasoning_content, tool_calls });
        self.said.extend(results);
    }
}

impl<'a> Turn<'a> {
    /// A call that another item answers.
    fn call(&mut self, call: ToolCall<'a>) {
        self.calls.push(call);
        self.waits = true;
    }

    /// The parts of one message were written in one go; a refusal is text to the model.
    fn say(&mut self, said: &'a Said) {
        let text = join(said.content.iter().filter_map(text_of).collect(), "");
        if !text.is_empty() {
            self.texts.push(text);
        }
    }

    /// The thoughts themselves if they are known, else their summary. What was sealed here counts
    /// more than what a client wrote beside it.
    fn think(&mut self, reasoning: &'a Reasoning) {
        let Reasoning { content, summary, encrypted_content, .. } = reasoning;
        let opened = encrypted_content.as_ref().and_then(|sealed| sealed.texts.as_ref());
        let content = opened.unwrap_or(content);
        let known = if content.is_empty() { summary } else { content };
        let known = known.iter().filter(|text| !text.is_empty());
        self.thoughts.extend(known.map(|text| Cow::Borrowed(text.as_str())));
    }
}

fn user_content(parts: &[Part]) -> Content<'_> {
    match parts {
        [] => Content::Text(Cow::Borrowed("")),
        [part @ (Part::Text(_) | Part::File(_))] => {
            Content::Text(text_of(part).unwrap_or_default())
        }
        _ => Content::Parts(parts.iter().map(ContentPart::from).collect()),
    }
}

fn output_content(parts: &[Part]) -> Content<'_> {
    if parts.iter().any(|part| matches!(part, Part::Image(_) | Part::Audio(_))) {
        return Content::Parts(parts.iter().map(ContentPart::from).collect());
    }
    Content::Text(join(parts.iter().filter_map(text_of).collect(), BLANK_LINE))
}
