-- Conversations have their items themselves: a response and a conversation can each be deleted
-- without the other.

CREATE TABLE conversations (
    id            TEXT    NOT NULL PRIMARY KEY,
    org_id        TEXT    NOT NULL,
    team_id       TEXT    NOT NULL,
    key_id        TEXT    NOT NULL,
    -- Milliseconds since the Unix epoch, here and below.
    created_at    INTEGER NOT NULL,
    -- The place of the next item. It only grows: the place of a deleted item is not used again.
    next_position INTEGER NOT NULL,
    -- The response that is being written, and until when it keeps others away.
    lease_holder  TEXT,
    lease_until   INTEGER,
    metadata      TEXT    NOT NULL,
    CHECK ((lease_holder IS NULL) = (lease_until IS NULL))
) STRICT;

CREATE TABLE conversation_items (
    conversation_id TEXT    NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    position        INTEGER NOT NULL,
    org_id          TEXT    NOT NULL,
    team_id         TEXT    NOT NULL,
    key_id          TEXT    NOT NULL,
    item_id         TEXT    NOT NULL,
    json            TEXT    NOT NULL,
    PRIMARY KEY (conversation_id, position),
    UNIQUE (conversation_id, item_id)
) STRICT;

-- Where in its conversation a turn began: what was said before it, for those who continue it by its
-- own id. Beside the responses and not in them, so that walking along parents stays as it is.
CREATE TABLE conversation_turns (
    response_id     TEXT    NOT NULL PRIMARY KEY REFERENCES responses (id) ON DELETE CASCADE,
    org_id          TEXT    NOT NULL,
    team_id         TEXT    NOT NULL,
    key_id          TEXT    NOT NULL,
    -- Not a foreign key: deleting a conversation leaves its responses readable.
    conversation_id TEXT    NOT NULL,
    position        INTEGER NOT NULL
) STRICT;
