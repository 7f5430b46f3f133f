-- Limits, what counts against them, and the book of every amount.

-- `amount` is nano-dollars for money, milliseconds for video_seconds, a count for the rest.
-- `subject` is '' for all, a project, a key, or KEY/USER; '*' stands for each one that has no limit of its own
-- with the same measure and period: '*' for projects, keys and users, KEY/* for the end users of a key.
CREATE TABLE limits (
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    scope text NOT NULL CHECK (scope IN ('all', 'project', 'key', 'user')),
    subject text NOT NULL CHECK ((scope = 'all') = (subject = '')),
    measure text NOT NULL CHECK (measure IN ('money', 'images', 'video_seconds', 'concurrent', 'rate')),
    -- A calendar window in `zone`, all time, or a number of seconds counted from 1970.
    period text NOT NULL CHECK (period ~ '^(hour|day|week|month|total|[1-9][0-9]{0,7})$'),
    -- An unknown zone raises invalid_parameter_value here.
    zone text NOT NULL DEFAULT 'UTC' CHECK ((timestamp '2000-01-01' AT TIME ZONE zone) IS NOT NULL),
    amount bigint NOT NULL CHECK (amount >= 0),
    override_amount bigint CHECK (override_amount >= 0),
    override_until timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (scope, subject, measure, period),
    CHECK (measure <> 'concurrent' OR period = 'total'),
    CHECK ((override_amount IS NULL) = (override_until IS NULL))
);

-- Made by the first admission of a window. '-infinity' is the window of all time.
CREATE TABLE counters (
    limit_id bigint NOT NULL REFERENCES limits ON DELETE CASCADE,
    subject text COLLATE "C" NOT NULL,
    window_start timestamptz NOT NULL,
    held bigint NOT NULL DEFAULT 0 CHECK (held >= 0),
    spent bigint NOT NULL DEFAULT 0 CHECK (spent >= 0),
    PRIMARY KEY (limit_id, subject, window_start)
) WITH (fillfactor = 50);

-- What one generation holds in one counter; settled into `spent` of the same counter, whatever the time.
CREATE TABLE holds (
    generation_id text COLLATE "C" NOT NULL,
    limit_id bigint NOT NULL,
    subject text COLLATE "C" NOT NULL,
    window_start timestamptz NOT NULL,
    measure text NOT NULL,
    amount bigint NOT NULL CHECK (amount >= 0),
    spent bigint CHECK (spent >= 0),
    PRIMARY KEY (generation_id, limit_id)
);

-- Each line moves an amount from one account to another, so the book balances line by line.
-- `ref` is the prediction of a loss, the reason of a correction, '' otherwise: each is booked once.
CREATE TABLE ledger (
    generation_id text COLLATE "C" NOT NULL,
    kind text NOT NULL CHECK (kind IN ('hold', 'release', 'charge', 'saved', 'loss', 'correction')),
    ref text NOT NULL DEFAULT '',
    debit text NOT NULL CHECK (debit IN ('free', 'held', 'spent', 'saved', 'loss', 'operator', 'cache')),
    credit text NOT NULL CHECK (credit IN ('free', 'held', 'spent', 'saved', 'loss', 'operator', 'cache')),
    amount_nano_usd bigint NOT NULL CHECK (amount_nano_usd >= 0),
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (generation_id, kind, ref)
);
-- Spend of a stretch of time.
CREATE INDEX ledger_at ON ledger (at) WHERE kind IN ('charge', 'saved', 'loss', 'correction');

CREATE TABLE idempotency (
    key_id text NOT NULL,
    name text NOT NULL,
    fingerprint bytea NOT NULL,
    order_id text COLLATE "C",
    generation_ids text[] NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (key_id, name)
);
CREATE INDEX idempotency_expires ON idempotency (expires_at);

-- Start-time fair queueing: `virtual` is the finish tag of an owner's last admitted job, in thousandths of a
-- job of weight one.
CREATE TABLE owners (
    owner text PRIMARY KEY,
    virtual bigint NOT NULL DEFAULT 0,
    weight integer NOT NULL DEFAULT 1 CHECK (weight BETWEEN 1 AND 1000)
) WITH (fillfactor = 50);

-- One row: the start tag of the job that began last, and what is subtracted to make priorities small.
CREATE TABLE fair (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    virtual_now bigint NOT NULL DEFAULT 0,
    base bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);
INSERT INTO fair DEFAULT VALUES;

-- How fast an account may be called; lane is creates or calls.
CREATE TABLE throttle (
    upstream_id bigint NOT NULL REFERENCES upstreams,
    lane text NOT NULL CHECK (lane IN ('creates', 'calls')),
    ceiling_per_minute integer NOT NULL CHECK (ceiling_per_minute > 0),
    permits_per_minute double precision NOT NULL CHECK (permits_per_minute > 0),
    -- The time the next permit falls due when all are taken at an even pace.
    next_at timestamptz NOT NULL DEFAULT '-infinity',
    lowered_at timestamptz,
    paused_until timestamptz,
    pause_s double precision NOT NULL DEFAULT 0,
    pause_code text,
    PRIMARY KEY (upstream_id, lane)
) WITH (fillfactor = 50);
