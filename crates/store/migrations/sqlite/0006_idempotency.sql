-- Requests that are answered once (`Idempotency-Key`): who is answering one, then its answer. The
-- owner is the key and not its team: names that clients make up are nobody else's.

CREATE TABLE idempotency_keys (
    org_id      TEXT    NOT NULL,
    team_id     TEXT    NOT NULL,
    key_id      TEXT    NOT NULL,
    -- The path of the request, with the ids in it.
    route       TEXT    NOT NULL,
    -- The client's key.
    name        TEXT    NOT NULL,
    request_id  TEXT    NOT NULL,
    -- SHA-256 of the body.
    body_hash   BLOB    NOT NULL CHECK (length(body_hash) = 32),
    -- Who is answering; NULL when the request has been answered.
    holder      TEXT,
    -- Milliseconds since the Unix epoch: the end of the lease, then of the answer.
    until       INTEGER NOT NULL,
    kind        TEXT    NOT NULL CHECK (kind IN
        ('claim', 'json', 'events', 'response', 'response_events', 'too_large')),
    -- The stored response that the answer shows, or is: what is deleted there is deleted here.
    response_id TEXT    REFERENCES responses (id) ON DELETE CASCADE,
    answer      BLOB,
    PRIMARY KEY (org_id, team_id, key_id, route, name),
    CHECK ((kind = 'claim') = (holder IS NOT NULL)),
    CHECK ((kind IN ('json', 'events')) = (answer IS NOT NULL))
) STRICT;

-- What has run out is found by its time, and what goes with a response by its id.
CREATE INDEX idempotency_keys_until ON idempotency_keys (until);
CREATE INDEX idempotency_keys_response ON idempotency_keys (response_id);

-- Items are found by their own ids (`item_reference`), whatever they are part of. The owner comes last,
-- so that no other query takes these for the index it needs.
CREATE INDEX items_item ON items (item_id, org_id, team_id);
CREATE INDEX conversation_items_item ON conversation_items (item_id, org_id, team_id);
