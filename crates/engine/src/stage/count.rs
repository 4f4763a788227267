//! How many tokens would that be?

use std::sync::Arc;

use transom_core::failure::Failure;
use transom_wire::responses::input_tokens;

use crate::call::Reply;
use crate::dispatch::count::Means;
use crate::dispatch::{Job, Opened};
use crate::gateway::Gateway;
use crate::stage::admit::Ticket;
use crate::stage::plan::TurnPlan;
use crate::stage::rehydrate::Joined;

impl Gateway {
    /// Answers with the tokens of the prompt that the model would be sent. Nothing is kept.
    pub(crate) async fn tell_tokens(
        self: &Arc<Self>,
        joined: Joined,
        plan: &TurnPlan,
        _ticket: Ticket,
    ) -> Result<Reply, Failure> {
        let job = plan.count(Arc::new(joined.turn.generation), Means::Any);
        let tokens = Arc::clone(self).count_tokens(job).await?;
        let tokens = tokens.ok_or(Failure::CountingUnavailable)?;
        Ok(Reply::Json(input_tokens::to_json(tokens)))
    }

    /// Has a deployment count the tokens of a prompt; `None`: the one that was chosen does not tell.
    pub(crate) async fn count_tokens(self: Arc<Self>, job: Job) -> Result<Option<u64>, Failure> {
        match self.dispatch(Arc::new(job)).await?.opened {
            Opened::Counted(tokens) => Ok(tokens),
            _ => Err(Failure::Internal("an answer instead of a count".into())),
        }
    }
}
