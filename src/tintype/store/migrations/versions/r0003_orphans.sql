-- What was made by predictions that were paid for and belong to nobody: theirs are no outputs of the generation for which
-- they were bought, which has its own or ended without any. They go with it.
CREATE TABLE orphan_outputs (
    generation_id text COLLATE "C" NOT NULL REFERENCES generations ON DELETE CASCADE,
    prediction_id text NOT NULL,
    position integer NOT NULL,
    sha256 text NOT NULL REFERENCES objects,
    upstream_url text,
    content_type text NOT NULL,
    size_bytes bigint NOT NULL,
    width integer,
    height integer,
    note text,
    stored_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (generation_id, prediction_id, position)
);
CREATE INDEX orphan_outputs_object ON orphan_outputs (sha256);
-- The sweeps of orphans; few attempts are one.
CREATE INDEX attempts_orphan ON attempts (intent_at) WHERE outcome IN ('orphan', 'storing');
