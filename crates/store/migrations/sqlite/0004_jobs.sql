-- Responses in the background: who runs them, what it takes to run them again, and their events.

CREATE TABLE jobs (
    response_id  TEXT    NOT NULL PRIMARY KEY REFERENCES responses (id) ON DELETE CASCADE,
    org_id       TEXT    NOT NULL,
    team_id      TEXT    NOT NULL,
    key_id       TEXT    NOT NULL,
    -- The conversation that it works on.
    conversation_id TEXT,
    -- The process that runs it, and until when without another word. Empty: nobody runs it. NULL: it has
    -- ended.
    lease_holder TEXT,
    -- Milliseconds since the Unix epoch, here and below.
    lease_until  INTEGER,
    -- Whether its owner wants it to end.
    cancel       INTEGER NOT NULL DEFAULT 0 CHECK (cancel IN (0, 1)),
    -- Whether a model has begun to answer: then it is not run again.
    begun        INTEGER NOT NULL DEFAULT 0 CHECK (begun IN (0, 1)),
    -- How many processes have begun to run it.
    attempts     INTEGER NOT NULL DEFAULT 1,
    -- The number of the next event.
    next_event   INTEGER NOT NULL,
    -- How long its events are kept. NULL: it has not ended.
    kept_until   INTEGER,
    -- Whether its events have been deleted.
    swept        INTEGER NOT NULL DEFAULT 0 CHECK (swept IN (0, 1)),
    priority     TEXT    NOT NULL,
    session      TEXT,
    -- The body of the request. NULL: it has ended.
    request      TEXT,
    CHECK ((lease_holder IS NULL) = (lease_until IS NULL)),
    CHECK ((lease_holder IS NULL) = (kept_until IS NOT NULL))
) STRICT;

CREATE INDEX jobs_by_holder ON jobs (lease_holder) WHERE lease_holder IS NOT NULL;
CREATE INDEX jobs_by_lease ON jobs (lease_until) WHERE lease_until IS NOT NULL;
CREATE INDEX jobs_to_sweep ON jobs (kept_until) WHERE kept_until IS NOT NULL AND swept = 0;

CREATE TABLE job_events (
    response_id TEXT    NOT NULL REFERENCES jobs (response_id) ON DELETE CASCADE,
    -- The number of the first event in the row, and how many there are.
    first       INTEGER NOT NULL,
    count       INTEGER NOT NULL,
    org_id      TEXT    NOT NULL,
    team_id     TEXT    NOT NULL,
    key_id      TEXT    NOT NULL,
    -- As their clients read them.
    frames      BLOB    NOT NULL,
    PRIMARY KEY (response_id, first)
) STRICT;
