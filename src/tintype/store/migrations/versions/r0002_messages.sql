-- What is told, what was heard, and what a person must see.

-- Numbered per generation under its row's lock. Sequences and ids do not tell what was committed first:
-- readers of all events go by `xid` and stop at the oldest transaction that still runs.
CREATE TABLE events (
    generation_id text COLLATE "C" NOT NULL,
    number integer NOT NULL,
    kind text NOT NULL DEFAULT 'state',
    state text NOT NULL,
    body jsonb NOT NULL DEFAULT '{}',
    at timestamptz NOT NULL DEFAULT now(),
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    PRIMARY KEY (generation_id, number)
);
CREATE INDEX events_feed ON events (xid, generation_id, number);

-- Webhooks as they came, each once.
CREATE TABLE inbox (
    webhook_id text PRIMARY KEY,
    token text,
    generation_id text COLLATE "C",
    prediction_id text,
    body jsonb NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    handled_at timestamptz
);
CREATE INDEX inbox_waiting ON inbox (received_at) WHERE handled_at IS NULL;

-- Secrets that callbacks are signed with, encrypted. A retiring one signs along until then.
CREATE TABLE callback_secrets (
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    key_id text NOT NULL REFERENCES keys,
    secret bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    retires_at timestamptz
);
CREATE INDEX callback_secrets_key ON callback_secrets (key_id);

-- Callbacks owed to a user's URL, one per generation and event.
CREATE TABLE deliveries (
    id text COLLATE "C" PRIMARY KEY,
    generation_id text COLLATE "C" NOT NULL REFERENCES generations ON DELETE CASCADE,
    event_number integer NOT NULL,
    url text NOT NULL,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'delivered', 'given_up')),
    attempts integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    next_at timestamptz NOT NULL DEFAULT now(),
    ends_at timestamptz NOT NULL DEFAULT now() + interval '24 hours',
    delivered_at timestamptz,
    UNIQUE (generation_id, event_number)
);
CREATE INDEX deliveries_waiting ON deliveries (next_at) WHERE state = 'waiting';

CREATE TABLE delivery_attempts (
    delivery_id text COLLATE "C" NOT NULL REFERENCES deliveries ON DELETE CASCADE,
    number integer NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    status integer,
    error text,
    elapsed_ms integer NOT NULL,
    PRIMARY KEY (delivery_id, number)
);

-- One open alert per kind and subject; seen again, it counts up.
CREATE TABLE alerts (
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    kind text NOT NULL,
    subject text NOT NULL,
    message text NOT NULL,
    facts jsonb NOT NULL DEFAULT '{}',
    times integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    seen_at timestamptz NOT NULL DEFAULT now(),
    resolved_at timestamptz
);
CREATE UNIQUE INDEX alerts_open ON alerts (kind, subject) WHERE resolved_at IS NULL;

CREATE FUNCTION tintype_alert(p_kind text, p_subject text, p_message text, p_facts jsonb DEFAULT '{}')
RETURNS void LANGUAGE sql AS $$
    INSERT INTO alerts AS a (kind, subject, message, facts)
    VALUES (p_kind, p_subject, p_message, p_facts)
    ON CONFLICT (kind, subject) WHERE resolved_at IS NULL
    DO UPDATE SET times = a.times + 1, seen_at = now(), message = excluded.message, facts = excluded.facts
$$;
