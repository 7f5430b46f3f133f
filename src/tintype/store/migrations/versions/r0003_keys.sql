-- What a key may do. Its secrets are kept as hashes; while they are exchanged it has two.

ALTER TABLE keys
    ADD COLUMN scopes text[] NOT NULL DEFAULT '{generate,read}',
    ADD COLUMN models text[],
    ADD COLUMN expires_at timestamptz,
    ADD COLUMN last_used_at timestamptz,
    ADD CHECK (scopes <@ '{generate,read,admin}');
UPDATE keys SET scopes = '{generate,read,admin}' WHERE id = 'local';
CREATE UNIQUE INDEX keys_name ON keys (name) WHERE revoked_at IS NULL;

CREATE TABLE key_secrets (
    hash bytea PRIMARY KEY CHECK (length(hash) = 32),
    key_id text NOT NULL REFERENCES keys (id),
    hint text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    retires_at timestamptz
);
CREATE INDEX key_secrets_key ON key_secrets (key_id);

-- Every act of administration, by whom, on what. Facts hold no secret.
CREATE TABLE audit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    key_id text NOT NULL,
    action text NOT NULL,
    subject text NOT NULL,
    facts jsonb NOT NULL DEFAULT '{}'
);

-- What came from an address lately. It may be lost with the server: then everybody begins anew.
CREATE UNLOGGED TABLE address_counts (
    address text NOT NULL,
    what text NOT NULL,
    window_start timestamptz NOT NULL,
    count integer NOT NULL,
    PRIMARY KEY (address, what)
) WITH (fillfactor = 50);
