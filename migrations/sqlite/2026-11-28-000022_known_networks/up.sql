-- Networks from which people came in: what others try from elsewhere does not slow them there.
CREATE TABLE known_networks (
    person_id TEXT NOT NULL REFERENCES people (id),
    network   TEXT NOT NULL CHECK (length(network) <= 64),
    seen_at   TIMESTAMP NOT NULL,
    PRIMARY KEY (person_id, network)
);
CREATE INDEX known_networks_seen ON known_networks (seen_at);
