-- Files that were uploaded to be given as input later; each belongs to the key that did it.
CREATE TABLE uploads (
    id text COLLATE "C" PRIMARY KEY,
    key_id text NOT NULL REFERENCES keys,
    sha256 text NOT NULL REFERENCES objects,
    md5 text NOT NULL,
    name text NOT NULL,
    content_type text NOT NULL,
    size_bytes bigint NOT NULL,
    metadata jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL DEFAULT now() + interval '24 hours'
);
CREATE INDEX uploads_key ON uploads (key_id, id);
CREATE INDEX uploads_object ON uploads (sha256);
CREATE INDEX uploads_expiry ON uploads (expires_at);
