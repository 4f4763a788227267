//! Makes room for the answer: where the conversation is longer than the model's context, its oldest
//! turns are left out of what the model is sent (`truncation: auto`).
//!
//! How much has to go is found out in two ways. Where servers say how long their context is and count
//! tokens, the prompt is counted before it is sent, at most [`search::MOST_COUNTS`] times; one that is
//! short beyond doubt is not counted at all. Where they do not, or are wrong, the model server's own
//! refusal tells, and the prompt is sent again without a half of what can go, at most
//! [`MOST_REFUSALS`] times.
//!
//! What was left out is told in the head of the answer and in the response object, so it has to be
//! known before either goes out. The stored conversation keeps everything.

use std::sync::Arc;

use transom_core::content::Part;
use transom_core::failure::Failure;
use transom_core::item::{FunctionOutput, HostedItem, Item, Told};
use transom_core::request::Generation;
use transom_wire::chat::{Dropped, Turns};

use super::Running;
use crate::catalog::Length;
use crate::dispatch::Job;
use crate::dispatch::count::Means;
use crate::stage::plan::TurnPlan;
use search::{Outcome, Search};

mod search;

/// Most times that a prompt is sent although the model server has just found a longer one too long.
/// The last of them has nothing in it that could go.
const MOST_REFUSALS: u32 = 5;

/// The part of the context that is kept free for an answer whose length the client has not limited,
const ANSWER_SHARE: u32 = 8;

/// and the most that is.
const MOST_RESERVED: u32 = 1024;

/// Tokens that a template adds at most to what its messages and tools have in bytes: instructions of
/// its own. Only whether to count depends on it.
const TEMPLATE_TOKENS: u64 = 1024;

/// What a client reads of a prompt that is too long, whoever found it out.
const TOO_LONG: &str = "context_length_exceeded";

/// A conversation that may be shortened.
pub(super) struct Room {
    plan: TurnPlan,
    /// What is asked, without the conversation.
    frame: Generation,
    items: Vec<Item>,
    turns: Turns,
    dropped: Dropped,
    refusals: u32,
    doubt: Doubt,
}

/// Whether what is sent may still change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Doubt {
    /// The model server may find it too long.
    Open,
    /// It has been counted, or is short.
    Settled,
}

impl Room {
    /// `None` where nothing can go.
    pub(super) fn of(plan: TurnPlan, mut whole: Generation) -> Option<Self> {
        let turns = Turns::of(&whole.input);
        let items = std::mem::take(&mut whole.input);
        let (dropped, refusals, doubt) = (Dropped::default(), 0, Doubt::Open);
        let room = Self { plan, frame: whole, items, turns, dropped, refusals, doubt };
        (room.turns.droppable() > 0).then_some(room)
    }

    /// What can go, turn by turn, oldest first, in bytes.
    fn weights(&self) -> Vec<u64> {
        let bare = Generation { instructions: None, tools: Vec::new(), ..self.frame.clone() };
        let weigh = |turn| {
            let input = self.items[self.turns.items(turn)].to_vec();
            self.plan.size(&Generation { input, ..bare.clone() }) as u64
        };
        (0..self.turns.droppable()).map(weigh).collect()
    }

    /// The tokens that the answer is to have.
    fn reserve(&self, limit: u32) -> u32 {
        let unsaid = (limit / ANSWER_SHARE).min(MOST_RESERVED);
        self.frame.max_output_tokens.unwrap_or(unsaid)
    }

    fn without(&self, turns: usize) -> (Generation, Dropped) {
        let (input, dropped) = self.turns.without(&self.items, turns);
        (Generation { input, ..self.frame.clone() }, dropped)
    }

    /// The call of the model without the oldest `turns`.
    fn job(&mut self, turns: usize) -> Job {
        let (generation, dropped) = self.without(turns);
        self.dropped = dropped;
        self.plan.job(&generation)
    }

    fn count(&self, turns: usize) -> Job {
        let (generation, _) = self.without(turns);
        self.plan.count(Arc::new(generation), Means::Tokenizer)
    }

    /// How many turns have to go after a refusal: as many as make a half of those that still can,
    /// in the end all of them. `None`: nothing can.
    fn after_refusal(&mut self) -> Option<usize> {
        let (gone, all) = (self.dropped.turns, self.turns.droppable());
        if gone == all {
            return None;
        }
        self.refusals += 1;
        if self.refusals >= MOST_REFUSALS {
            return Some(all);
        }
        let weights = self.weights();
        let half = weights[gone..].iter().sum::<u64>().div_ceil(2);
        Some(search::reach(&weights, gone, half))
    }
}

impl Running {
    /// Whether the beginning of a stream may go out before the model has answered: what is left out
    /// is told in it.
    pub(super) fn may_begin(&self) -> bool {
        self.room.as_ref().is_none_or(|room| room.doubt == Doubt::Settled)
    }

    /// Leaves out what the context has no room for, as far as that can be told before the model is
    /// asked.
    pub(super) async fn make_room(&mut self) -> Result<(), Failure> {
        let Some(mut room) = self.room.take() else { return Ok(()) };
        let made = self.fit(&mut room).await;
        self.room = Some(room);
        made
    }

    async fn fit(&mut self, room: &mut Room) -> Result<(), Failure> {
        let Some(limit) = self.gateway.context_of(&self.job.asked) else { return Ok(()) };
        let reserve = room.reserve(limit);
        let budget = u64::from(limit.saturating_sub(reserve));
        let size = self.job.original.len() as u64;
        if is_text(&room.items) && size + TEMPLATE_TOKENS <= budget {
            room.doubt = Doubt::Settled;
            return Ok(());
        }
        let mut search = Search::new(room.weights(), size, budget);
        while let Some(turns) = search.next() {
            let counting = Arc::clone(&self.gateway).count_tokens(room.count(turns));
            match self.while_wanted(counting).await {
                Ok(Some(tokens)) => search.tell(turns, Some(tokens)),
                // Some servers refuse to count what they could not answer.
                Err(failure) if is_too_long(&failure) => search.tell(turns, None),
                Err(failure @ (Failure::Cancelled | Failure::ShuttingDown)) => return Err(failure),
                // Nobody counts: the model server will say whether it is too long.
                Ok(None) | Err(_) => return Ok(()),
            }
        }
        let (turns, length) = match search.outcome() {
            Outcome::Fits { turns, tokens } => {
                room.doubt = Doubt::Settled;
                let needed = u32::try_from(tokens).unwrap_or(u32::MAX).saturating_add(reserve);
                (turns, Some(Length::Counted(needed)))
            }
            Outcome::Unproven { turns } => (turns, None),
            Outcome::TooLong { tokens } => return Err(too_long(&self.job.asked, limit, tokens)),
        };
        let mut job = room.job(turns);
        job.length = length.unwrap_or(job.length);
        self.send(job, room.dropped);
        Ok(())
    }

    /// Leaves out more, because the model server has found the prompt too long. `false` where that
    /// is not what it found, or nothing can be done about it.
    pub(super) fn make_more_room(&mut self, failure: &Failure) -> bool {
        // A stream whose head has gone out has told what is left out.
        let told = self.sink.is_stream();
        let Some(room) = self.room.as_mut().filter(|_| is_too_long(failure) && !told) else {
            return false;
        };
        let Some(turns) = room.after_refusal() else { return false };
        let job = room.job(turns);
        let dropped = room.dropped;
        self.send(job, dropped);
        true
    }

    /// From now on this is the call of the model.
    fn send(&mut self, job: Job, dropped: Dropped) {
        self.journal.sends(&job.original);
        self.job = Arc::new(job);
        self.dropped = dropped;
        self.encoder.leave_out(dropped);
    }

    /// Waits for something as long as the client does.
    async fn while_wanted<T>(
        &mut self,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        tokio::select! {
            done = work => done,
            () = self.sink.gone() => Err(Failure::Cancelled),
            () = self.cut.cancelled() => Err(Failure::ShuttingDown),
        }
    }
}

/// Whether a conversation holds nothing but text, which has no more tokens than bytes.
fn is_text(items: &[Item]) -> bool {
    let is_text = |part: &Part| !matches!(part, Part::Image(_) | Part::Audio(_));
    items.iter().all(|item| match item {
        Item::Message(message) => message.content.iter().all(is_text),
        Item::FunctionCallOutput(output) | Item::CustomToolCallOutput(output) => {
            output_parts(&output.output).iter().all(is_text)
        }
        Item::Hosted(HostedItem { told: Told::Output { output, .. }, .. }) => {
            output_parts(output).iter().all(is_text)
        }
        _ => true,
    })
}

fn output_parts(output: &FunctionOutput) -> &[Part] {
    match output {
        FunctionOutput::Text(_) => &[],
        FunctionOutput::Parts(parts) => parts,
    }
}

fn is_too_long(failure: &Failure) -> bool {
    matches!(failure, Failure::Invalid(_) | Failure::Upstream(_))
        && failure.public().code == TOO_LONG
}

fn too_long(model: &str, limit: u32, tokens: Option<u64>) -> Failure {
    let needs = tokens.map_or_else(String::new, |tokens| format!(", which has {tokens} tokens"));
    let message = format!(
        "The model '{model}' takes {limit} tokens at most, prompt and answer together. That is too \
         little for the newest turn alone{needs}."
    );
    Failure::invalid("input", TOO_LONG, message)
}
