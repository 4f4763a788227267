//! Every statement about responses. All values are bound; `?2` and `?3` are the owner throughout.

#[cfg(test)]
mod tests;

pub(super) const BEGIN: &str = "BEGIN IMMEDIATE";
pub(super) const COMMIT: &str = "COMMIT";
pub(super) const ROLLBACK: &str = "ROLLBACK";
pub(super) const SAVEPOINT: &str = "SAVEPOINT change";
pub(super) const ROLLBACK_TO_SAVEPOINT: &str = "ROLLBACK TO change";
pub(super) const RELEASE_SAVEPOINT: &str = "RELEASE change";

pub(super) const WRITE_AHEAD_LOG: &str = "PRAGMA journal_mode = WAL";

pub(super) const TABLES: &str = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";

/// Applied migrations, oldest first. The highest version is the schema's.
pub(super) const CREATE_MIGRATIONS: &str = "
CREATE TABLE transom_migrations (
    version    INTEGER NOT NULL PRIMARY KEY,
    name       TEXT    NOT NULL,
    applied_at TEXT    NOT NULL DEFAULT CURRENT_TIMESTAMP
) STRICT";

pub(super) const SCHEMA_VERSION: &str = "SELECT coalesce(max(version), 0) FROM transom_migrations";

pub(super) const RECORD_MIGRATION: &str =
    "INSERT INTO transom_migrations (version, name) VALUES (?1, ?2)";

/// Reads the file, unlike `SELECT 1`.
pub(super) const PROBE: &str = SCHEMA_VERSION;

pub(super) const INSERT_RESPONSE: &str = "
INSERT INTO responses
    (id, org_id, team_id, key_id, parent_id, status, model, created_at, tool_choice, tools, response)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";

pub(super) const INSERT_ITEM: &str = "
INSERT INTO items (response_id, org_id, team_id, key_id, position, direction, item_id, json)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";

/// The items go with it, by their foreign key.
pub(super) const DELETE_RESPONSE: &str =
    "DELETE FROM responses WHERE id = ?1 AND org_id = ?2 AND team_id = ?3";

/// `?4`: the largest response that is read, in bytes; a larger one comes as NULL.
pub(super) const RESPONSE: &str = "
SELECT CASE WHEN octet_length(response) <= ?4 THEN response END
FROM responses WHERE id = ?1 AND org_id = ?2 AND team_id = ?3";

/// The chain of turns that ends with `?1`, at most `?4` turns long.
///
/// `walk` goes from the newest turn (hop 1) to the oldest and checks the owner at every hop. One hop
/// more than allowed is enough to tell that a chain is too long, which ends a circle as well. The
/// first row tells about the newest turn and how the walk ended; item rows follow, in any order, and
/// only when the chain is whole. A chain that begins as a turn of a conversation has before it what
/// the conversation had then, and is whole while that conversation exists. CROSS JOIN fixes the order of the loops: turns, then their items.
pub(super) const HISTORY: &str = "
WITH RECURSIVE walk (id, parent_id, hop) AS MATERIALIZED (
    SELECT id, parent_id, 1 FROM responses
    WHERE id = ?1 AND org_id = ?2 AND team_id = ?3
    UNION ALL
    SELECT parent.id, parent.parent_id, walk.hop + 1
    FROM walk CROSS JOIN responses AS parent ON parent.id = walk.parent_id
    WHERE walk.hop <= ?4 AND parent.org_id = ?2 AND parent.team_id = ?3
),
ending (hops, root, rooted, conversation_id, position) AS MATERIALIZED (
    SELECT oldest.hop, oldest.id,
           oldest.parent_id IS NULL AND (begun.response_id IS NULL OR talk.id IS NOT NULL),
           begun.conversation_id, begun.position
    FROM (SELECT hop, id, parent_id FROM walk ORDER BY hop DESC LIMIT 1) AS oldest
    LEFT JOIN conversation_turns AS begun
        ON begun.response_id = oldest.id AND begun.org_id = ?2 AND begun.team_id = ?3
    LEFT JOIN conversations AS talk
        ON talk.id = begun.conversation_id AND talk.org_id = ?2 AND talk.team_id = ?3
)
SELECT NULL AS hop, NULL AS position, NULL AS json,
       head.status AS status, head.tools AS tools, head.tool_choice AS tool_choice,
       ending.hops AS hops, ending.root AS root, ending.rooted AS rooted
FROM ending CROSS JOIN responses AS head ON head.id = ?1
UNION ALL
SELECT walk.hop, item.position, item.json, NULL, NULL, NULL, NULL, NULL, NULL
FROM ending CROSS JOIN walk CROSS JOIN items AS item ON item.response_id = walk.id
WHERE ending.rooted AND ending.hops <= ?4 AND item.org_id = ?2 AND item.team_id = ?3
UNION ALL
SELECT ending.hops + 1, said.position, said.json, NULL, NULL, NULL, NULL, NULL, NULL
FROM ending CROSS JOIN conversation_items AS said
    ON said.conversation_id = ending.conversation_id AND said.position < ending.position
WHERE ending.rooted AND ending.hops <= ?4 AND said.org_id = ?2 AND said.team_id = ?3";

/// The items with these ids, a JSON array: the newest one of a response, else of a conversation. One
/// row for each id; without `json` where there is none.
pub(super) const ITEMS_BY_ID: &str = "
SELECT wanted.value AS item_id, coalesce(
    (SELECT item.json FROM items AS item
     WHERE item.org_id = ?2 AND item.team_id = ?3 AND item.item_id = wanted.value
     ORDER BY item.rowid DESC LIMIT 1),
    (SELECT said.json FROM conversation_items AS said
     WHERE said.org_id = ?2 AND said.team_id = ?3 AND said.item_id = wanted.value
     ORDER BY said.rowid DESC LIMIT 1)) AS json
FROM json_each(?1) AS wanted";

/// Up to `?5` input items of `?1` behind the one named `?4`, oldest first.
///
/// No row: no such response. A row without `anchor`: no such item. A row without `item_id`: the page
/// is empty.
pub(super) const INPUT_ITEMS_ASCENDING: &str = "
SELECT anchor.position AS anchor, item.item_id AS item_id, item.json AS json
FROM responses AS turn
LEFT JOIN items AS anchor
    ON anchor.response_id = ?1 AND anchor.direction = 'input' AND anchor.item_id = ?4
    AND anchor.org_id = ?2 AND anchor.team_id = ?3
LEFT JOIN items AS item
    ON item.response_id = ?1 AND item.direction = 'input'
    AND item.org_id = ?2 AND item.team_id = ?3
    AND (?4 IS NULL OR item.position > anchor.position)
WHERE turn.id = ?1 AND turn.org_id = ?2 AND turn.team_id = ?3
ORDER BY item.position ASC LIMIT ?5";

/// As [`INPUT_ITEMS_ASCENDING`], newest first.
pub(super) const INPUT_ITEMS_DESCENDING: &str = "
SELECT anchor.position AS anchor, item.item_id AS item_id, item.json AS json
FROM responses AS turn
LEFT JOIN items AS anchor
    ON anchor.response_id = ?1 AND anchor.direction = 'input' AND anchor.item_id = ?4
    AND anchor.org_id = ?2 AND anchor.team_id = ?3
LEFT JOIN items AS item
    ON item.response_id = ?1 AND item.direction = 'input'
    AND item.org_id = ?2 AND item.team_id = ?3
    AND (?4 IS NULL OR item.position < anchor.position)
WHERE turn.id = ?1 AND turn.org_id = ?2 AND turn.team_id = ?3
ORDER BY item.position DESC LIMIT ?5";
