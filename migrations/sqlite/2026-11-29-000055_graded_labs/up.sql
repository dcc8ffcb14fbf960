-- Graded labs: what teachers have written, who has begun which, and what was seen of each step.
CREATE TABLE lab_files (
    name       TEXT PRIMARY KEY NOT NULL CHECK (length(name) <= 40),
    definition TEXT NOT NULL CHECK (length(definition) <= 65536),
    -- By whom, as the record calls them.
    added_by   TEXT NOT NULL CHECK (length(added_by) <= 400),
    added_at   TIMESTAMP NOT NULL
);
CREATE TABLE lab_attempts (
    id               TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    person_id        TEXT NOT NULL REFERENCES people (id),
    lab              TEXT NOT NULL CHECK (length(lab) <= 40),
    -- As it was when it began.
    definition       TEXT NOT NULL CHECK (length(definition) <= 65536),
    -- What the names of its things begin with.
    tag              TEXT NOT NULL CHECK (length(tag) <= 16),
    -- Its throw-away tenant, which goes before the attempt does.
    account_id       TEXT NOT NULL CHECK (length(account_id) = 36),
    account_number   BIGINT NOT NULL,
    -- By portal time: what happened before is no work of the learner's.
    since            TIMESTAMP NOT NULL,
    -- The others by wall time.
    began_at         TIMESTAMP NOT NULL,
    expires_at       TIMESTAMP NOT NULL,
    done_at          TIMESTAMP,
    ended_at         TIMESTAMP
);
CREATE UNIQUE INDEX lab_attempts_tag ON lab_attempts (tag);
CREATE INDEX lab_attempts_person ON lab_attempts (person_id, lab, began_at);
CREATE INDEX lab_attempts_began ON lab_attempts (began_at);
CREATE TABLE lab_marks (
    attempt_id TEXT NOT NULL REFERENCES lab_attempts (id),
    -- From 0.
    step       INTEGER NOT NULL CHECK (step >= 0),
    kind       TEXT NOT NULL CHECK (kind IN ('done', 'wrong', 'hint')),
    -- Which wrong turn, or which hint, from 0; 0 of what is done.
    number     INTEGER NOT NULL CHECK (number >= 0),
    -- By wall time.
    at         TIMESTAMP NOT NULL,
    PRIMARY KEY (attempt_id, step, kind, number)
);
