-- Owners are on every row from the first version on: what is not scoped cannot be read.
--
-- A response's large columns come last, so that walking along the parents reads none of them.

CREATE TABLE responses (
    id          TEXT    NOT NULL PRIMARY KEY,
    org_id      TEXT    NOT NULL,
    team_id     TEXT    NOT NULL,
    key_id      TEXT    NOT NULL,
    -- Not a foreign key: deleting a parent leaves its children readable.
    parent_id   TEXT,
    status      TEXT    NOT NULL,
    model       TEXT    NOT NULL,
    -- Milliseconds since the Unix epoch, here and below.
    created_at  INTEGER NOT NULL,
    -- NULL: kept until it is deleted.
    expires_at  INTEGER,
    tool_choice TEXT,
    tools       TEXT,
    response    TEXT    NOT NULL
) STRICT;

CREATE TABLE items (
    response_id TEXT    NOT NULL REFERENCES responses (id) ON DELETE CASCADE,
    -- Counts through the turn: its input items, then its output items.
    position    INTEGER NOT NULL,
    org_id      TEXT    NOT NULL,
    team_id     TEXT    NOT NULL,
    key_id      TEXT    NOT NULL,
    direction   TEXT    NOT NULL CHECK (direction IN ('input', 'output')),
    item_id     TEXT    NOT NULL,
    json        TEXT    NOT NULL,
    PRIMARY KEY (response_id, position)
) STRICT;
