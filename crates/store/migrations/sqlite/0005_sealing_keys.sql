-- Keys with which gateways seal what their clients carry. They belong to all gateways on this file: the
-- owner columns say who made a key, and no read is bounded by them. Whoever may read this file may
-- read what was said anyway; a key that must not lie here is configured instead.

CREATE TABLE sealing_keys (
    id         TEXT    NOT NULL PRIMARY KEY,
    org_id     TEXT    NOT NULL,
    team_id    TEXT    NOT NULL,
    key_id     TEXT    NOT NULL,
    -- Milliseconds since the Unix epoch.
    created_at INTEGER NOT NULL,
    secret     TEXT    NOT NULL
) STRICT;

-- Every process keeps all of them in memory.
CREATE TRIGGER sealing_keys_full BEFORE INSERT ON sealing_keys
WHEN (SELECT count(*) FROM sealing_keys) >= 1000
BEGIN
    SELECT RAISE(ABORT, 'there are too many sealing keys');
END;

INSERT INTO revisions (name, value) VALUES ('sealing_keys', 0);

CREATE TRIGGER sealing_keys_inserted AFTER INSERT ON sealing_keys BEGIN
    UPDATE revisions SET value = value + 1 WHERE name = 'sealing_keys';
END;

-- A key never changes; if one does by hand, it is noticed.
CREATE TRIGGER sealing_keys_updated AFTER UPDATE ON sealing_keys BEGIN
    UPDATE revisions SET value = value + 1 WHERE name = 'sealing_keys';
END;

CREATE TRIGGER sealing_keys_deleted AFTER DELETE ON sealing_keys BEGIN
    UPDATE revisions SET value = value + 1 WHERE name = 'sealing_keys';
END;
