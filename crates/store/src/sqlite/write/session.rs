//! Transactions on the writer's connection.

use std::slice;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use transom_core::id::ResponseId;
use transom_core::port::store::{StoreError, StoredItem, TurnRecord};
use transom_core::scope::Scope;

use super::super::conversations::Ended;
use super::super::error::{Shared, is_constraint, store_error};
use super::super::{conversations, jobs, models, once, sealing, sql};
use super::{Change, Job, Tally};

/// What became of each change of a committed transaction.
type Outcomes = Vec<Result<bool, StoreError>>;

/// The connection and how to get another: one that failed is closed, which undoes whatever was
/// open, and the next transaction begins on a new one.
pub(super) struct Session {
    connection: Option<SqliteConnection>,
    options: SqliteConnectOptions,
    tally: Arc<Tally>,
}

impl Session {
    pub(super) fn new(
        connection: SqliteConnection,
        options: SqliteConnectOptions,
        tally: Arc<Tally>,
    ) -> Self {
        Self { connection: Some(connection), options, tally }
    }

    /// Commits and answers all jobs. An error means that another process held the lock, and has
    /// been answered too.
    ///
    /// A batch that did not fit is tried again change by change, so that a large one does not take
    /// the small ones down. After any other failure there is no second attempt: a write whose fsync
    /// failed must not be reported as done because a later one worked.
    pub(super) async fn settle(&mut self, jobs: &mut Vec<Job>) -> Result<(), Shared> {
        let failure = match self.transact(jobs).await {
            Ok(outcomes) => {
                self.answer(jobs, outcomes);
                return Ok(());
            }
            Err(failure) => failure,
        };
        if jobs.len() > 1 && failure.is_about_size() {
            for job in jobs.drain(..) {
                match self.transact(slice::from_ref(&job)).await {
                    Ok(outcomes) => self.answer(&mut vec![job], outcomes),
                    Err(failure) => self.refuse(job, failure.store_error()),
                }
            }
            return Ok(());
        }
        tracing::warn!(error = %failure, changes = jobs.len(), "a transaction failed");
        for job in jobs.drain(..) {
            self.refuse(job, failure.store_error());
        }
        if failure.is_locked() { Err(failure) } else { Ok(()) }
    }

    pub(super) fn refuse(&self, job: Job, error: StoreError) {
        self.tally.failures.fetch_add(1, Ordering::Relaxed);
        job.answer(Err(error));
    }

    pub(super) async fn close(self) {
        if let Some(connection) = self.connection {
            // All is committed; closing can only fail to tidy up.
            let _ = connection.close().await;
        }
    }

    fn answer(&self, jobs: &mut Vec<Job>, outcomes: Outcomes) {
        self.tally.transactions.fetch_add(1, Ordering::Relaxed);
        for (job, outcome) in jobs.drain(..).zip(outcomes) {
            match outcome {
                Ok(changed) => {
                    self.tally.changes.fetch_add(1, Ordering::Relaxed);
                    job.answer(Ok(changed));
                }
                Err(error) => self.refuse(job, error),
            }
        }
    }

    async fn transact(&mut self, jobs: &[Job]) -> Result<Outcomes, Shared> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.options.connect().await.map_err(Shared::new)?,
        };
        match perform(&mut connection, jobs).await {
            Ok(outcomes) => {
                self.connection = Some(connection);
                Ok(outcomes)
            }
            Err(error) => {
                let _ = connection.close().await;
                Err(Shared::new(error))
            }
        }
    }
}

async fn perform(connection: &mut SqliteConnection, jobs: &[Job]) -> Result<Outcomes, sqlx::Error> {
    let mut outcomes = Vec::with_capacity(jobs.len());
    execute(connection, sql::BEGIN).await?;
    for job in jobs {
        execute(connection, sql::SAVEPOINT).await?;
        match apply(connection, job).await {
            Ok(changed) => outcomes.push(Ok(changed)),
            Err(error) if is_constraint(&error) => {
                execute(connection, sql::ROLLBACK_TO_SAVEPOINT).await?;
                outcomes.push(Err(store_error(error)));
            }
            Err(error) => return Err(error),
        }
        execute(connection, sql::RELEASE_SAVEPOINT).await?;
    }
    execute(connection, sql::COMMIT).await?;
    Ok(outcomes)
}

async fn execute(
    connection: &mut SqliteConnection,
    statement: &'static str,
) -> Result<(), sqlx::Error> {
    sqlx::query(statement).execute(connection).await.map(drop)
}

async fn apply(connection: &mut SqliteConnection, job: &Job) -> Result<bool, sqlx::Error> {
    match &job.change {
        Change::Commit(turn) => insert(connection, &job.scope, turn).await,
        Change::Delete(id) => delete(connection, &job.scope, id).await,
        Change::Conversation(id, change) => {
            conversations::apply(connection, &job.scope, id, change).await
        }
        Change::Job(change) => jobs::apply(connection, &job.scope, change).await,
        Change::PutModel(row, expect) => models::put(connection, &job.scope, row, *expect).await,
        Change::RemoveModel(name) => models::remove(connection, name).await,
        Change::AddSealingKey(row, expect) => {
            sealing::add(connection, &job.scope, row, *expect).await
        }
        Change::RemoveSealingKey(id) => sealing::remove(connection, id).await,
        Change::Once(name, change) => once::apply(connection, &job.scope, name, change).await,
        Change::SweepOnce(now) => once::sweep(connection, *now).await,
    }
}

/// `false`: the turn has lost its conversation or its job.
async fn insert(
    connection: &mut SqliteConnection,
    scope: &Scope,
    turn: &TurnRecord,
) -> Result<bool, sqlx::Error> {
    if let Some(end) = &turn.job
        && !jobs::is_held(connection, scope, &turn.id, end).await?
    {
        return Ok(false);
    }
    let begun = match conversations::end_turn(connection, scope, turn).await? {
        Ended::Lost => return Ok(false),
        Ended::Apart => None,
        Ended::Within { conversation, position } => Some((conversation, position)),
    };
    match &turn.job {
        Some(end) if !jobs::end(connection, scope, turn, end).await? => return Ok(false),
        Some(_) => {}
        None => insert_whole(connection, scope, turn).await?,
    }
    if let Some((conversation, position)) = begun {
        conversations::begun_at(connection, scope, (&turn.id, conversation, position)).await?;
    }
    Ok(true)
}

async fn insert_whole(
    connection: &mut SqliteConnection,
    scope: &Scope,
    turn: &TurnRecord,
) -> Result<(), sqlx::Error> {
    insert_response(connection, scope, turn).await?;
    let input = turn.input.iter().map(|item| ("input", item));
    let output = turn.output.iter().map(|item| ("output", item));
    for ((direction, item), position) in input.chain(output).zip(0_i64..) {
        insert_item(connection, scope, &turn.id, (position, direction, item)).await?;
    }
    Ok(())
}

/// Writes a response without its items.
pub(in crate::sqlite) async fn insert_response(
    connection: &mut SqliteConnection,
    scope: &Scope,
    turn: &TurnRecord,
) -> Result<(), sqlx::Error> {
    sqlx::query(sql::INSERT_RESPONSE)
        .bind(turn.id.as_str())
        .bind(&*scope.org)
        .bind(&*scope.team)
        .bind(&*scope.key)
        .bind(turn.parent.as_ref().map(ResponseId::as_str))
        .bind(turn.status.word())
        .bind(turn.model.as_str())
        .bind(turn.created_at.millis())
        .bind(turn.tool_choice.as_ref().map(|json| json.get()))
        .bind(turn.tools.as_ref().map(|json| json.get()))
        .bind(turn.response.get())
        .execute(connection)
        .await
        .map(drop)
}

/// Writes one item of a response.
pub(in crate::sqlite) async fn insert_item(
    connection: &mut SqliteConnection,
    scope: &Scope,
    response: &ResponseId,
    (position, direction, item): (i64, &'static str, &StoredItem),
) -> Result<(), sqlx::Error> {
    sqlx::query(sql::INSERT_ITEM)
        .bind(response.as_str())
        .bind(&*scope.org)
        .bind(&*scope.team)
        .bind(&*scope.key)
        .bind(position)
        .bind(direction)
        .bind(item.id.as_str())
        .bind(item.json.get())
        .execute(connection)
        .await
        .map(drop)
}

async fn delete(
    connection: &mut SqliteConnection,
    scope: &Scope,
    id: &ResponseId,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(sql::DELETE_RESPONSE)
        .bind(id.as_str())
        .bind(&*scope.org)
        .bind(&*scope.team)
        .execute(connection)
        .await?;
    Ok(done.rows_affected() > 0)
}
