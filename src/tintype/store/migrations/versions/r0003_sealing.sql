-- Which key this database's secrets are sealed with: what is derived from it, not the key.
CREATE TABLE sealed_with (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    mark bytea NOT NULL
);
