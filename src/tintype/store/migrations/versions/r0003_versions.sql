-- Versions of models that were seen upstream: of which model each is, and what it takes. `facts` has `inputs` and
-- `is_text`, as far as its schema was read.
CREATE TABLE model_versions (
    upstream_id bigint NOT NULL REFERENCES upstreams,
    id text NOT NULL,
    model text NOT NULL,
    facts jsonb,
    seen_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (upstream_id, id)
);
