-- Models that the admin API declares. They belong to the whole gateway: the owner columns say who
-- wrote a row last, and no read is bounded by them.

CREATE TABLE models (
    name       TEXT    NOT NULL PRIMARY KEY,
    org_id     TEXT    NOT NULL,
    team_id    TEXT    NOT NULL,
    key_id     TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    json       TEXT    NOT NULL
) STRICT;

-- Nobody needs more, and every process keeps all of them in memory.
CREATE TRIGGER models_full BEFORE INSERT ON models
WHEN (SELECT count(*) FROM models) >= 10000
    AND NOT EXISTS (SELECT 1 FROM models WHERE name = NEW.name)
BEGIN
    SELECT RAISE(ABORT, 'there are too many models');
END;

-- Counters that tell every process when to read a table again.
CREATE TABLE revisions (
    name  TEXT    NOT NULL PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT;

INSERT INTO revisions (name, value) VALUES ('models', 0);

-- Triggers, so that no write can forget it, not even one by hand.
CREATE TRIGGER models_inserted AFTER INSERT ON models BEGIN
    UPDATE revisions SET value = value + 1 WHERE name = 'models';
END;

CREATE TRIGGER models_updated AFTER UPDATE ON models BEGIN
    UPDATE revisions SET value = value + 1 WHERE name = 'models';
END;

CREATE TRIGGER models_deleted AFTER DELETE ON models BEGIN
    UPDATE revisions SET value = value + 1 WHERE name = 'models';
END;
