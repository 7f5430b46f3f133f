-- Where generations are bought and what they are. Amounts are nano-dollars, lengths of film milliseconds.
-- What every admission writes has no foreign keys: each would lock a row that all admissions share, and the
-- functions below are the only ones who write there.

-- An origin and an account of it. `account` is a fingerprint of the token, never the token.
CREATE TABLE upstreams (
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    origin text NOT NULL,
    account text NOT NULL,
    simulated boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (origin, account)
);

CREATE TABLE keys (
    id text PRIMARY KEY CHECK (id <> '' AND id <> '*' AND position('/' IN id) = 0),
    name text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz
);
-- Whoever works at the machine itself.
INSERT INTO keys (id, name) VALUES ('local', 'this machine');

-- Several generations asked for together. State, cost and outputs are derived from them.
CREATE TABLE orders (
    id text COLLATE "C" PRIMARY KEY,
    key_id text NOT NULL REFERENCES keys,
    kind text NOT NULL,
    plan jsonb NOT NULL DEFAULT '{}',
    metadata jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now()
);

-- One row is one prediction upstream, or a wait for somebody else's equal one (`joined_to`).
CREATE TABLE generations (
    id text COLLATE "C" PRIMARY KEY,
    order_id text COLLATE "C",
    position integer NOT NULL DEFAULT 0,
    key_id text NOT NULL,
    end_user text,
    project text,
    -- Pinned: only this origin and account ever sends, looks for or follows it.
    upstream_id bigint NOT NULL,
    simulated boolean NOT NULL,
    model text NOT NULL,
    version text,
    deployment text,
    input jsonb NOT NULL,
    -- Password-format values, encrypted; NULL once the POST was answered.
    secrets bytea,
    estimate_nano_usd bigint NOT NULL CHECK (estimate_nano_usd >= 0),
    hold_nano_usd bigint NOT NULL CHECK (hold_nano_usd >= 0),
    cost_nano_usd bigint CHECK (cost_nano_usd >= 0),
    price_rule text NOT NULL,
    images integer NOT NULL DEFAULT 0 CHECK (images >= 0),
    video_ms bigint NOT NULL DEFAULT 0 CHECK (video_ms >= 0),
    state text NOT NULL CHECK (state IN ('queued', 'submitting', 'unknown', 'running', 'capturing',
        'succeeded', 'failed', 'canceled', 'aborted')),
    failure_code text,
    failure_message text,
    prediction_id text,
    -- What upstream last said of it, without its input.
    prediction jsonb,
    attempts integer NOT NULL DEFAULT 0,
    attempts_absent integer NOT NULL DEFAULT 0,
    attempts_failed integer NOT NULL DEFAULT 0,
    -- Predictions that failed and were tried again: whatever is heard of them later is old news.
    predictions_past text[] NOT NULL DEFAULT '{}',
    intent_token text,
    intent_at timestamptz,
    dead_at timestamptz,
    cancel_wished_at timestamptz,
    deadline_at timestamptz NOT NULL,
    -- When the tracker or a sweep looks next; NULL while a job has it, or nothing is left to see.
    due_at timestamptz,
    progress_percent real,
    progress jsonb,
    cache_key text,
    joined_to text COLLATE "C",
    -- Whose outputs these are, when nothing was bought for them.
    cached_from text COLLATE "C",
    metadata jsonb NOT NULL DEFAULT '{}',
    tags text[] NOT NULL DEFAULT '{}',
    callback_url text,
    -- Start tag of fair queueing, which the job's priority comes from.
    virtual_start bigint NOT NULL DEFAULT 0,
    events_last integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    submitted_at timestamptz,
    started_at timestamptz,
    completed_at timestamptz,
    finished_at timestamptz,
    settled_at timestamptz,
    -- Erased by its owner: input and outputs are gone, the money stays in the book.
    deleted_at timestamptz,
    -- A final state and its settlement come in one transaction, or not at all.
    CHECK ((state IN ('succeeded', 'failed', 'canceled', 'aborted')) = (finished_at IS NOT NULL)),
    CHECK ((finished_at IS NULL) = (settled_at IS NULL)),
    CHECK ((settled_at IS NULL) = (cost_nano_usd IS NULL))
) WITH (fillfactor = 80);

CREATE UNIQUE INDEX generations_prediction ON generations (upstream_id, prediction_id)
    WHERE prediction_id IS NOT NULL;
-- Lists of one key, newest first.
CREATE INDEX generations_key ON generations (key_id, id);
CREATE INDEX generations_order ON generations (order_id, position) WHERE order_id IS NOT NULL;
CREATE INDEX generations_joined ON generations (joined_to, id) WHERE joined_to IS NOT NULL;
-- The tracker: what is due.
CREATE INDEX generations_due ON generations (due_at) WHERE due_at IS NOT NULL;
-- The sweep of deadlines.
CREATE INDEX generations_deadline ON generations (deadline_at) WHERE finished_at IS NULL;

-- One row per intent to POST. The token stands in the webhook URL, so that a webhook finds its attempt.
CREATE TABLE attempts (
    token text PRIMARY KEY,
    generation_id text COLLATE "C" NOT NULL REFERENCES generations ON DELETE CASCADE,
    number integer NOT NULL,
    intent_at timestamptz NOT NULL,
    dead_at timestamptz NOT NULL,
    -- pending, accepted, refused, not_sent, silent, absent
    outcome text NOT NULL DEFAULT 'pending',
    status integer,
    prediction_id text,
    upstream_date timestamptz,
    ended_at timestamptz,
    absent_seen_at timestamptz,
    UNIQUE (generation_id, number)
);

-- Equal requests of one owner: who buys for all (`leader_id`), or whose outputs answer (`stored_id`).
CREATE TABLE flights (
    cache_key text PRIMARY KEY,
    leader_id text COLLATE "C",
    stored_id text COLLATE "C",
    changed_at timestamptz NOT NULL DEFAULT now()
);

-- Bytes under their SHA-256 (hex), stored once however many rows name them.
CREATE TABLE objects (
    sha256 text PRIMARY KEY CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    content_type text NOT NULL,
    size_bytes bigint NOT NULL CHECK (size_bytes >= 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    -- Until then it stays without a row that names it: a file that was given, before what it was given for.
    reserved_until timestamptz
);

-- Files that were given as input, stored before the admission.
CREATE TABLE inputs (
    generation_id text COLLATE "C" NOT NULL REFERENCES generations ON DELETE CASCADE,
    field text NOT NULL,
    position integer NOT NULL DEFAULT 0,
    sha256 text NOT NULL REFERENCES objects,
    PRIMARY KEY (generation_id, field, position)
);
-- An object goes with its last row.
CREATE INDEX inputs_object ON inputs (sha256);

CREATE TABLE outputs (
    generation_id text COLLATE "C" NOT NULL REFERENCES generations ON DELETE CASCADE,
    position integer NOT NULL,
    sha256 text NOT NULL REFERENCES objects,
    -- Hash of the bytes as upstream gave them, before the provenance was written.
    upstream_sha256 text,
    upstream_url text,
    content_type text NOT NULL,
    size_bytes bigint NOT NULL,
    width integer,
    height integer,
    duration_ms bigint,
    thumbnail_sha256 text REFERENCES objects,
    blurred text,
    -- What was odd about it: stated as another type, could not be measured.
    note text,
    stored_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (generation_id, position)
);
CREATE INDEX outputs_object ON outputs (sha256);
CREATE INDEX outputs_thumbnail ON outputs (thumbnail_sha256) WHERE thumbnail_sha256 IS NOT NULL;
