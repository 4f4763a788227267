//! Whether every function call of a conversation has its output, and every output its call.

use std::collections::HashMap;

use transom_core::item::{Item, Role, Told};

/// A call or an output without its other half.
///
/// Chat templates fail on such a conversation or garble it, so it is refused before it is sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind} (call `{call_id}`, item {index})")]
pub struct Pairing {
    /// The place of the offending item in the input.
    pub index: usize,
    /// The call it is about.
    pub call_id: String,
    /// What is wrong.
    pub kind: PairingKind,
}

/// What is wrong with a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PairingKind {
    /// An output whose call is nowhere before it.
    #[error("a function call output without its function call")]
    OrphanOutput,
    /// An output for a call that already has one.
    #[error("a second output for one function call")]
    DuplicateOutput,
    /// A call with the id of an earlier one.
    #[error("two function calls with one id")]
    DuplicateCall,
    /// A call that the conversation leaves behind without an output.
    #[error("a function call without its output")]
    MissingOutput,
}

/// Checks the pairs of a whole conversation: its history and the new input together.
///
/// The rest of the model's turn (text, thoughts, further calls) may stand between a call and its
/// output. Once outputs have begun, or somebody else speaks, or the input ends, every call of that
/// turn has to have one.
pub fn check_pairing(items: &[Item]) -> Result<(), Pairing> {
    let mut pairs = Pairs::default();
    for (index, item) in items.iter().enumerate() {
        if let Some(call_id) = item.call_id() {
            pairs.model_speaks()?;
            pairs.call(index, call_id)?;
        } else if let Some(call_id) = item.answers() {
            pairs.output(index, call_id)?;
        } else if is_record(item) {
            // Nobody speaks: the model is not told of it.
        } else if is_of_others(item) {
            pairs.all_answered()?;
        } else {
            pairs.model_speaks()?;
        }
    }
    pairs.all_answered()
}

/// Whether somebody else than the model speaks. A summary is told like a message of the user.
fn is_of_others(item: &Item) -> bool {
    match item {
        Item::Message(message) => message.role != Role::Assistant,
        Item::Compaction(_) => true,
        _ => false,
    }
}

fn is_record(item: &Item) -> bool {
    matches!(item, Item::Hosted(hosted) if matches!(hosted.told, Told::Nothing))
}

#[derive(Default)]
struct Pairs<'a> {
    calls: HashMap<&'a str, Call>,
    unanswered: usize,
    outputs_began: bool,
}

struct Call {
    index: usize,
    answered: bool,
}

impl<'a> Pairs<'a> {
    fn call(&mut self, index: usize, call_id: &'a str) -> Result<(), Pairing> {
        if self.calls.insert(call_id, Call { index, answered: false }).is_some() {
            return Err(pairing(index, call_id, PairingKind::DuplicateCall));
        }
        self.unanswered += 1;
        Ok(())
    }

    fn output(&mut self, index: usize, call_id: &'a str) -> Result<(), Pairing> {
        match self.calls.get_mut(call_id) {
            None => Err(pairing(index, call_id, PairingKind::OrphanOutput)),
            Some(call) if call.answered => {
                Err(pairing(index, call_id, PairingKind::DuplicateOutput))
            }
            Some(call) => {
                call.answered = true;
                self.unanswered -= 1;
                self.outputs_began = true;
                Ok(())
            }
        }
    }

    fn model_speaks(&mut self) -> Result<(), Pairing> {
        if self.outputs_began { self.all_answered() } else { Ok(()) }
    }

    fn all_answered(&mut self) -> Result<(), Pairing> {
        self.outputs_began = false;
        if self.unanswered == 0 {
            return Ok(());
        }
        let open = self.calls.iter().filter(|(_, call)| !call.answered);
        match open.min_by_key(|(_, call)| call.index) {
            None => Ok(()),
            Some((call_id, call)) => Err(pairing(call.index, call_id, PairingKind::MissingOutput)),
        }
    }
}

fn pairing(index: usize, call_id: &str, kind: PairingKind) -> Pairing {
    Pairing { index, call_id: call_id.to_owned(), kind }
}

#[cfg(test)]
mod tests;
