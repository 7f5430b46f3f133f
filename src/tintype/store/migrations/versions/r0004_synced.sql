-- What a model was when it was last synced: its newest version, and what it takes and makes, so far as its schema was
-- read. `facts` is in the form of model_versions.
CREATE TABLE synced_models (
    upstream_id bigint NOT NULL REFERENCES upstreams,
    model text NOT NULL,
    version text,
    facts jsonb,
    synced_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (upstream_id, model)
);
