//! Every statement about conversations. All values are bound; `?1` is the conversation, `?2` and `?3`
//! its owner throughout.

pub(in crate::sqlite) const INSERT: &str = "
INSERT INTO conversations
    (id, org_id, team_id, key_id, created_at, next_position, metadata)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";

pub(in crate::sqlite) const INSERT_ITEM: &str = "
INSERT INTO conversation_items
    (conversation_id, org_id, team_id, key_id, position, item_id, json)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";

pub(in crate::sqlite) const INSERT_TURN: &str = "
INSERT INTO conversation_turns
    (conversation_id, org_id, team_id, key_id, response_id, position)
VALUES (?1, ?2, ?3, ?4, ?5, ?6)";

pub(in crate::sqlite) const FIND: &str = "
SELECT created_at, metadata FROM conversations WHERE id = ?1 AND org_id = ?2 AND team_id = ?3";

pub(in crate::sqlite) const SET_METADATA: &str = "
UPDATE conversations SET metadata = ?4 WHERE id = ?1 AND org_id = ?2 AND team_id = ?3";

/// The items go with it, by their foreign key.
pub(in crate::sqlite) const DELETE: &str =
    "DELETE FROM conversations WHERE id = ?1 AND org_id = ?2 AND team_id = ?3";

/// Frees a conversation that nobody works on at `?4`. Whoever let a lease run out loses it here: what
/// follows changes what that turn has read.
pub(in crate::sqlite) const FREE: &str = "
UPDATE conversations SET lease_holder = NULL, lease_until = NULL
WHERE id = ?1 AND org_id = ?2 AND team_id = ?3 AND (lease_until IS NULL OR lease_until <= ?4)";

/// Makes room for `?4` items and tells where it begins. [`FREE`] comes before it.
pub(in crate::sqlite) const APPEND: &str = "
UPDATE conversations SET next_position = next_position + ?4
WHERE id = ?1 AND org_id = ?2 AND team_id = ?3
RETURNING next_position - ?4";

/// As [`APPEND`], by the holder `?5`, whose lease ends.
pub(in crate::sqlite) const EXTEND: &str = "
UPDATE conversations
SET next_position = next_position + ?4, lease_holder = NULL, lease_until = NULL
WHERE id = ?1 AND org_id = ?2 AND team_id = ?3 AND lease_holder = ?5
RETURNING next_position - ?4";

/// Takes a lease for `?4` until `?5`, if it is free at `?6` or `?4` has it: a response that is written
/// by another process now is the same response.
pub(in crate::sqlite) const LEASE: &str = "
UPDATE conversations SET lease_holder = ?4, lease_until = ?5
WHERE id = ?1 AND org_id = ?2 AND team_id = ?3
    AND (lease_until IS NULL OR lease_until <= ?6 OR lease_holder = ?4)";

/// Makes the lease of `?4` last until `?5`. One that was lost stays lost.
pub(in crate::sqlite) const RENEW: &str = "
UPDATE conversations SET lease_until = ?5
WHERE id = ?1 AND org_id = ?2 AND team_id = ?3 AND lease_holder = ?4";

pub(in crate::sqlite) const DELETE_ITEM: &str = "
DELETE FROM conversation_items
WHERE conversation_id = ?1 AND org_id = ?2 AND team_id = ?3 AND item_id = ?4";

/// No row: no such conversation. A row without `json`: it has no items.
pub(in crate::sqlite) const HISTORY: &str = "
SELECT item.json AS json
FROM conversations AS conversation
LEFT JOIN conversation_items AS item
    ON item.conversation_id = ?1 AND item.org_id = ?2 AND item.team_id = ?3
WHERE conversation.id = ?1 AND conversation.org_id = ?2 AND conversation.team_id = ?3
ORDER BY item.position LIMIT ?4";

/// No row: no such conversation. A row without `json`: no such item.
pub(in crate::sqlite) const ITEM: &str = "
SELECT item.json AS json
FROM conversations AS conversation
LEFT JOIN conversation_items AS item
    ON item.conversation_id = ?1 AND item.item_id = ?4 AND item.org_id = ?2 AND item.team_id = ?3
WHERE conversation.id = ?1 AND conversation.org_id = ?2 AND conversation.team_id = ?3";

/// Up to `?5` items behind the one named `?4`, oldest first; the rows are to be read like those of
/// the input items of a response.
pub(in crate::sqlite) const ITEMS_ASCENDING: &str = "
SELECT anchor.position AS anchor, item.item_id AS item_id, item.json AS json
FROM conversations AS conversation
LEFT JOIN conversation_items AS anchor
    ON anchor.conversation_id = ?1 AND anchor.item_id = ?4
    AND anchor.org_id = ?2 AND anchor.team_id = ?3
LEFT JOIN conversation_items AS item
    ON item.conversation_id = ?1 AND item.org_id = ?2 AND item.team_id = ?3
    AND (?4 IS NULL OR item.position > anchor.position)
WHERE conversation.id = ?1 AND conversation.org_id = ?2 AND conversation.team_id = ?3
ORDER BY item.position ASC LIMIT ?5";

/// As [`ITEMS_ASCENDING`], newest first.
pub(in crate::sqlite) const ITEMS_DESCENDING: &str = "
SELECT anchor.position AS anchor, item.item_id AS item_id, item.json AS json
FROM conversations AS conversation
LEFT JOIN conversation_items AS anchor
    ON anchor.conversation_id = ?1 AND anchor.item_id = ?4
    AND anchor.org_id = ?2 AND anchor.team_id = ?3
LEFT JOIN conversation_items AS item
    ON item.conversation_id = ?1 AND item.org_id = ?2 AND item.team_id = ?3
    AND (?4 IS NULL OR item.position < anchor.position)
WHERE conversation.id = ?1 AND conversation.org_id = ?2 AND conversation.team_id = ?3
ORDER BY item.position DESC LIMIT ?5";
