//! Rows of jobs, and what they become.

use sqlx::SqliteConnection;
use transom_core::clock::Timestamp;
use transom_core::id::{ConversationId, ResponseId};
use transom_core::port::jobs::{HeldJob, JobOrder, Orphan};
use transom_core::port::store::StoredItem;
use transom_core::scope::Scope;

use super::super::read::json;
use super::{sql, unreadable};

/// A job that is held.
#[derive(sqlx::FromRow)]
pub(super) struct HeldRow {
    response_id: String,
    org_id: String,
    team_id: String,
    key_id: String,
    cancel: bool,
}

impl HeldRow {
    pub(super) fn job(self) -> Result<HeldJob, sqlx::Error> {
        let id = ResponseId::parse(&self.response_id).ok_or_else(unreadable)?;
        let scope =
            Scope { org: self.org_id.into(), team: self.team_id.into(), key: self.key_id.into() };
        Ok(HeldJob { id, scope, cancel: self.cancel })
    }
}

/// A job that was taken over.
#[derive(Clone, sqlx::FromRow)]
pub(super) struct OrphanRow {
    pub(super) response_id: String,
    org_id: String,
    team_id: String,
    key_id: String,
    cancel: bool,
    begun: bool,
    attempts: u32,
    next_event: i64,
    priority: String,
    session: Option<String>,
    request: Option<String>,
    conversation_id: Option<String>,
}

impl OrphanRow {
    /// The job with its response and its input.
    pub(super) async fn orphan(
        self,
        connection: &mut SqliteConnection,
    ) -> Result<Orphan, sqlx::Error> {
        let scope =
            Scope { org: self.org_id.into(), team: self.team_id.into(), key: self.key_id.into() };
        let id = ResponseId::parse(&self.response_id).ok_or_else(unreadable)?;
        let (created_at, response): (i64, String) = sqlx::query_as(sql::RESPONSE)
            .bind(id.as_str())
            .bind(&*scope.org)
            .bind(&*scope.team)
            .fetch_one(&mut *connection)
            .await?;
        let input: Vec<(String, String)> = sqlx::query_as(sql::INPUT)
            .bind(id.as_str())
            .bind(&*scope.org)
            .bind(&*scope.team)
            .fetch_all(connection)
            .await?;
        let parsed = |text: String| json(text).map_err(|_| unreadable());
        let input = input
            .into_iter()
            .map(|(id, text)| Ok(StoredItem { id, json: parsed(text)? }))
            .collect::<Result<_, sqlx::Error>>()?;
        let conversation = self.conversation_id.as_deref().map(ConversationId::parse);
        let (session, priority) = (self.session, self.priority);
        let request = self.request.and_then(|text| json(text).ok());
        Ok(Orphan {
            id,
            scope,
            created_at: Timestamp::from_millis(created_at),
            order: request.map(|request| JobOrder { request, session, priority }),
            conversation: conversation.map(|id| id.ok_or_else(unreadable)).transpose()?,
            response: parsed(response)?,
            input,
            begun: self.begun,
            cancel: self.cancel,
            next_event: u64::try_from(self.next_event).unwrap_or_default(),
            attempts: self.attempts,
        })
    }
}
