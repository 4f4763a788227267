//! Every statement about jobs. All values are bound. Where an owner is asked for, `?1` is the response,
//! `?2` and `?3` its owner.

pub(in crate::sqlite) const INSERT: &str = "
INSERT INTO jobs
    (response_id, org_id, team_id, key_id, lease_holder, lease_until, next_event, priority, session, request,
     conversation_id)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, ?7, ?8, ?9, ?10)";

/// Makes room for `?5` events from number `?6` on, of a job that `?4` holds. `?7`: whether its model has
/// begun to answer.
pub(in crate::sqlite) const EXTEND: &str = "
UPDATE jobs SET next_event = next_event + ?5, begun = max(begun, ?7)
WHERE response_id = ?1 AND org_id = ?2 AND team_id = ?3 AND lease_holder = ?4 AND next_event = ?6";

pub(in crate::sqlite) const INSERT_EVENTS: &str = "
INSERT INTO job_events (response_id, org_id, team_id, key_id, first, count, frames)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";

pub(in crate::sqlite) const BEGIN: &str = "
UPDATE responses SET status = 'in_progress', response = ?4
WHERE id = ?1 AND org_id = ?2 AND team_id = ?3";

/// Whether `?4` holds the job, and number `?5` is its next event.
pub(in crate::sqlite) const HELD_BY: &str = "
SELECT 1 FROM jobs
WHERE response_id = ?1 AND org_id = ?2 AND team_id = ?3 AND lease_holder = ?4 AND next_event = ?5";

/// Ends a job, whose events are kept until `?4`.
pub(in crate::sqlite) const END: &str = "
UPDATE jobs SET lease_holder = NULL, lease_until = NULL, request = NULL, kept_until = ?4
WHERE response_id = ?1 AND org_id = ?2 AND team_id = ?3";

/// The rest of a response that was stored when it was accepted.
pub(in crate::sqlite) const END_RESPONSE: &str = "
UPDATE responses SET status = ?4, response = ?5
WHERE id = ?1 AND org_id = ?2 AND team_id = ?3";

/// Where the output items of a response go.
pub(in crate::sqlite) const NEXT_POSITION: &str = "
SELECT coalesce(max(position) + 1, 0) FROM items
WHERE response_id = ?1 AND org_id = ?2 AND team_id = ?3";

pub(in crate::sqlite) const STATE: &str = "
SELECT next_event, kept_until FROM jobs
WHERE response_id = ?1 AND org_id = ?2 AND team_id = ?3";

/// At most `?5` rows, from the one that holds event `?4` on.
pub(in crate::sqlite) const EVENTS: &str = "
SELECT first, count, frames FROM job_events
WHERE response_id = ?1 AND org_id = ?2 AND team_id = ?3 AND first >= coalesce(
    (SELECT max(first) FROM job_events
     WHERE response_id = ?1 AND org_id = ?2 AND team_id = ?3 AND first <= ?4), 0)
ORDER BY first LIMIT ?5";

pub(in crate::sqlite) const ASK_TO_CANCEL: &str = "
UPDATE jobs SET cancel = 1
WHERE response_id = ?1 AND org_id = ?2 AND team_id = ?3 AND lease_holder IS NOT NULL";

pub(in crate::sqlite) const SEIZE: &str = "
UPDATE jobs SET lease_holder = ?4, lease_until = ?5
WHERE response_id = ?1 AND org_id = ?2 AND team_id = ?3 AND lease_holder IS NOT NULL
RETURNING response_id, org_id, team_id, key_id, cancel, begun, attempts, next_event, priority, session,
    request, conversation_id";

/// Ends the lease of `?4` on a job whose model has not begun to answer. It is nobody's then: a renewal of
/// `?4` does not bring it back.
pub(in crate::sqlite) const LET_GO: &str = "
UPDATE jobs SET lease_holder = '', lease_until = 0, attempts = max(attempts - 1, 0)
WHERE response_id = ?1 AND org_id = ?2 AND team_id = ?3 AND lease_holder = ?4 AND begun = 0";

/// The leases of holder `?1` last until `?2`.
pub(in crate::sqlite) const RENEW: &str = "
UPDATE jobs SET lease_until = ?2 WHERE lease_holder = ?1
RETURNING response_id, org_id, team_id, key_id, cancel";

/// Gives `?1` at most `?4` jobs of others whose lease had run out at `?3`, until `?2`. `?5`: 1 for those
/// that can only be ended, also because `?6` processes have run them; 0 for those that can be run again.
pub(in crate::sqlite) const ADOPT: &str = "
UPDATE jobs SET lease_holder = ?1, lease_until = ?2, attempts = attempts + 1
WHERE response_id IN (
    SELECT response_id FROM jobs
    WHERE lease_until <= ?3 AND lease_holder <> ?1
        AND (begun = 1 OR cancel = 1 OR attempts >= ?6) = ?5
    ORDER BY lease_until LIMIT ?4)
RETURNING response_id, org_id, team_id, key_id, cancel, begun, attempts, next_event, priority, session,
    request, conversation_id";

/// Ends a job that is damaged, with its events. Its response is failed, as far as it can be said.
pub(in crate::sqlite) const ABANDON: &str = "
UPDATE jobs SET lease_holder = NULL, lease_until = NULL, request = NULL, kept_until = 0
WHERE response_id = ?1";

pub(in crate::sqlite) const ABANDON_RESPONSE: &str = "
UPDATE responses SET status = 'failed',
    response = iif(json_valid(response), json_set(response, '$.status', 'failed'), response)
WHERE id = ?1";

pub(in crate::sqlite) const RESPONSE: &str = "
SELECT created_at, response FROM responses WHERE id = ?1 AND org_id = ?2 AND team_id = ?3";

pub(in crate::sqlite) const INPUT: &str = "
SELECT item_id, json FROM items
WHERE response_id = ?1 AND org_id = ?2 AND team_id = ?3 AND direction = 'input'
ORDER BY position";

/// Marks at most `?2` jobs whose events are not kept at `?1` any longer.
pub(in crate::sqlite) const SWEEP: &str = "
UPDATE jobs SET swept = 1
WHERE response_id IN (
    SELECT response_id FROM jobs WHERE kept_until <= ?1 AND swept = 0 ORDER BY kept_until LIMIT ?2)
RETURNING response_id, org_id, team_id";

pub(in crate::sqlite) const DELETE_EVENTS: &str = "
DELETE FROM job_events WHERE response_id = ?1 AND org_id = ?2 AND team_id = ?3";
