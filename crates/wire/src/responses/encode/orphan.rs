//! Ends a response whose turn is gone with the process that ran it.

use bytes::BytesMut;
use serde_json::value::RawValue;
use transom_core::failure::Failure;
use transom_core::port::store::TurnStatus;

use super::Finished;
use super::events::Writer;
use crate::responses::object::{Outcome, PublicError, amended};

/// How it ends.
#[derive(Debug)]
pub enum End<'a> {
    /// Nobody wants it any more.
    Cancelled,
    /// It cannot be finished.
    Failed(&'a Failure),
}

/// The end of a response of which the object and the number of its next event are known, and not what
/// the model had said. Its last events go to `out`.
pub fn end_orphan(
    object: &RawValue,
    end: &End<'_>,
    next_event: u64,
    out: &mut BytesMut,
) -> Finished {
    let mut writer = Writer::after(next_event);
    match end {
        End::Cancelled => {
            writer.error(&Failure::Cancelled.public(), out);
            let object = amended(object, &Outcome::Cancelled);
            Finished { status: TurnStatus::Cancelled, object, output: Vec::new() }
        }
        End::Failed(failure) => {
            writer.error(&failure.public(), out);
            let object = amended(object, &Outcome::Failed(PublicError::of(failure)));
            writer.lifecycle("response.failed", &object, out);
            Finished { status: TurnStatus::Failed, object, output: Vec::new() }
        }
    }
}
