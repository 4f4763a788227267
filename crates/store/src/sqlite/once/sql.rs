//! Every statement about requests that are answered once. All values are bound; `?1` to `?3` are the
//! owner, and `?4` and `?5` the name of the request throughout.

/// What stands under a name at `?6`.
pub(in crate::sqlite) const FIND: &str = "
SELECT request_id, body_hash, kind, response_id, answer FROM idempotency_keys
WHERE org_id = ?1 AND team_id = ?2 AND key_id = ?3 AND route = ?4 AND name = ?5 AND until > ?6";

/// Takes a name that is free at `?6`, or has run out by then.
pub(in crate::sqlite) const CLAIM: &str = "
INSERT INTO idempotency_keys
    (org_id, team_id, key_id, route, name, request_id, body_hash, holder, until, kind)
VALUES (?1, ?2, ?3, ?4, ?5, ?7, ?8, ?9, ?10, 'claim')
ON CONFLICT (org_id, team_id, key_id, route, name) DO UPDATE SET
    request_id = excluded.request_id, body_hash = excluded.body_hash, holder = excluded.holder,
    until = excluded.until, kind = excluded.kind, response_id = NULL, answer = NULL
WHERE idempotency_keys.until <= ?6";

/// Makes the claim of `?6` last until `?7`.
pub(in crate::sqlite) const RENEW: &str = "
UPDATE idempotency_keys SET until = ?7
WHERE org_id = ?1 AND team_id = ?2 AND key_id = ?3 AND route = ?4 AND name = ?5 AND holder = ?6";

/// Puts an answer in the place of the claim of `?6`, until `?7`. A response that has been deleted
/// meanwhile takes its answer along: then there is nothing to keep.
pub(in crate::sqlite) const KEEP: &str = "
UPDATE idempotency_keys
SET holder = NULL, until = ?7, kind = ?8, answer = ?9, response_id = ?10
WHERE org_id = ?1 AND team_id = ?2 AND key_id = ?3 AND route = ?4 AND name = ?5 AND holder = ?6
    AND (?10 IS NULL OR EXISTS (SELECT 1 FROM responses AS shown WHERE shown.id = ?10
        AND shown.org_id = ?1 AND shown.team_id = ?2))";

/// Gives up the claim of `?6`.
pub(in crate::sqlite) const RELEASE: &str = "
DELETE FROM idempotency_keys
WHERE org_id = ?1 AND team_id = ?2 AND key_id = ?3 AND route = ?4 AND name = ?5 AND holder = ?6";

/// Deletes at most `?2` of what has run out by `?1`, whoever owned it. It is the one statement without
/// an owner, and gives nothing away.
pub(in crate::sqlite) const SWEEP: &str = "
DELETE FROM idempotency_keys WHERE rowid IN
    (SELECT past.rowid FROM idempotency_keys AS past WHERE past.until <= ?1 LIMIT ?2)";
