-- Batches: rows that are bought in pieces, as room is there, within one budget.

CREATE TABLE batches (
    id text COLLATE "C" PRIMARY KEY,
    key_id text NOT NULL REFERENCES keys,
    end_user text,
    project text,
    -- Pinned: only this origin and account ever makes it.
    upstream_id bigint NOT NULL REFERENCES upstreams,
    name text NOT NULL DEFAULT '',
    -- open: more is bought. stopped: its budget, or its key, lets nothing more be bought. canceled: nobody wants more.
    -- ended: nothing is left to be bought, and all of it has ended.
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'stopped', 'canceled', 'ended')),
    budget_nano_usd bigint CHECK (budget_nano_usd >= 0),
    -- What is the same for all rows: the template, tags, the time that each may take.
    asked jsonb NOT NULL DEFAULT '{}',
    plan jsonb NOT NULL DEFAULT '{}',
    warnings text[] NOT NULL DEFAULT '{}',
    idempotency text,
    fingerprint bytea,
    row_count integer NOT NULL DEFAULT 0,
    broken_count integer NOT NULL DEFAULT 0,
    call_count integer NOT NULL DEFAULT 0,
    -- Why nothing is bought at the moment, in words; looked at again when it is due.
    waits_for text,
    due_at timestamptz NOT NULL DEFAULT now(),
    created_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    CHECK (state <> 'ended' OR finished_at IS NOT NULL),
    CHECK (state <> 'open' OR finished_at IS NULL),
    UNIQUE (key_id, idempotency)
);
-- Lists of one key, newest first.
CREATE INDEX batches_key ON batches (key_id, id);
-- The sweep: what goes on.
CREATE INDEX batches_due ON batches (upstream_id, due_at) WHERE finished_at IS NULL;

-- Rows that are equal have the same digest, and share what is made for it: a row's outputs are `count` of them,
-- from `skip` on.
CREATE TABLE batch_rows (
    batch_id text COLLATE "C" NOT NULL REFERENCES batches ON DELETE CASCADE,
    number integer NOT NULL,
    -- Where it stands in the file.
    line integer NOT NULL,
    model text,
    input jsonb,
    -- What is wrong with it, and in which column.
    problem text,
    place text,
    digest text,
    count integer NOT NULL DEFAULT 1 CHECK (count > 0),
    -- How many one call makes at once.
    per_call integer NOT NULL DEFAULT 1 CHECK (per_call > 0),
    -- Whether equal rows want pictures of their own.
    is_own boolean NOT NULL DEFAULT false,
    skip integer NOT NULL DEFAULT 0,
    PRIMARY KEY (batch_id, number),
    CHECK ((problem IS NULL) = (digest IS NOT NULL))
);

-- One is one generation, bought once; `past` are those before it that ended without success.
CREATE TABLE batch_calls (
    batch_id text COLLATE "C" NOT NULL REFERENCES batches ON DELETE CASCADE,
    number integer NOT NULL,
    -- The first row that it is for, whose input it has.
    row_number integer NOT NULL,
    digest text NOT NULL,
    skip integer NOT NULL,
    count integer NOT NULL,
    generation_id text COLLATE "C",
    has_ended boolean NOT NULL DEFAULT false,
    past text[] NOT NULL DEFAULT '{}',
    -- Why it cannot be asked for at all.
    problem text,
    PRIMARY KEY (batch_id, number)
);
CREATE INDEX batch_calls_digest ON batch_calls (batch_id, digest);
CREATE INDEX batch_calls_generation ON batch_calls (generation_id) WHERE generation_id IS NOT NULL;
CREATE INDEX batch_calls_past ON batch_calls USING gin (past) WHERE past <> '{}';
CREATE INDEX batch_calls_waiting ON batch_calls (batch_id, number) WHERE generation_id IS NULL AND problem IS NULL;
CREATE INDEX batch_calls_open ON batch_calls (batch_id) WHERE generation_id IS NOT NULL AND NOT has_ended;

-- Give rows their outputs, and make the calls that these take. Returns how many.
CREATE FUNCTION tintype_batch_plan(p_batch text)
RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    v_calls integer;
BEGIN
    UPDATE batch_rows AS r SET skip = own.skip
    FROM (
        SELECT o.number, sum(o.count) OVER (PARTITION BY o.digest ORDER BY o.number) - o.count AS skip
        FROM batch_rows AS o
        WHERE o.batch_id = p_batch AND o.problem IS NULL AND o.is_own
    ) AS own
    WHERE r.batch_id = p_batch AND r.number = own.number AND own.skip > 0;
    INSERT INTO batch_calls (batch_id, number, row_number, digest, skip, count)
    SELECT p_batch, row_number() OVER (ORDER BY equal.first, piece.skip), equal.first, equal.digest, piece.skip,
        least(equal.per_call, equal.total - piece.skip)
    FROM (
        SELECT r.digest, min(r.number) AS first, max(r.skip + r.count) AS total, max(r.per_call) AS per_call
        FROM batch_rows AS r
        WHERE r.batch_id = p_batch AND r.problem IS NULL
        GROUP BY r.digest
    ) AS equal
    CROSS JOIN generate_series(0, equal.total - 1, equal.per_call) AS piece (skip);
    GET DIAGNOSTICS v_calls = ROW_COUNT;
    RETURN v_calls;
END
$$;

-- What a batch has cost and may still cost: of what has ended the cost, of all else the hold.
CREATE FUNCTION tintype_batch_used(p_batch text)
RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT coalesce(sum(CASE WHEN g.finished_at IS NULL THEN g.hold_nano_usd ELSE g.cost_nano_usd END), 0)::bigint
    FROM batch_calls AS c
    CROSS JOIN LATERAL unnest(c.past || c.generation_id) AS bought (id)
    JOIN generations AS g ON g.id = bought.id
    WHERE c.batch_id = p_batch
$$;

-- Admit calls of a batch as one piece, within its budget: all of them, each becoming its generation, or none. Only
-- this adds to what a batch uses, under the lock of its row, which is taken before any other.
CREATE FUNCTION tintype_batch_admit(p_batch text, p_calls integer[], p_request jsonb)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    v_batch batches;
    v_left bigint;
    v_answer jsonb;
BEGIN
    SELECT * INTO STRICT v_batch FROM batches WHERE id = p_batch FOR UPDATE;
    IF v_batch.state <> 'open' OR EXISTS (
        SELECT FROM batch_calls AS c
        WHERE c.batch_id = p_batch AND c.number = ANY (p_calls) AND c.generation_id IS NOT NULL
    ) THEN
        RETURN jsonb_build_object('outcome', 'closed');
    END IF;
    -- What no equal request answers is held whole: where that is too much, nothing is written to be taken back.
    v_left := v_batch.budget_nano_usd - tintype_batch_used(p_batch);
    IF v_left < (
        SELECT sum((g ->> 'hold_nano_usd')::bigint) FROM jsonb_array_elements(p_request -> 'generations') AS g
        WHERE g ->> 'cache_key' IS NULL
    ) THEN
        RETURN jsonb_build_object('outcome', 'over_budget');
    END IF;
    BEGIN
        v_answer := tintype_admit(p_request);
        IF v_answer ->> 'outcome' <> 'admitted' THEN
            RETURN v_answer;
        END IF;
        UPDATE batch_calls AS c SET generation_id = made.id, has_ended = false
        FROM (
            SELECT p_calls[g.place] AS number, g.one ->> 'id' AS id
            FROM jsonb_array_elements(v_answer -> 'generations') WITH ORDINALITY AS g (one, place)
        ) AS made
        WHERE c.batch_id = p_batch AND c.number = made.number;
        IF v_batch.budget_nano_usd IS NOT NULL AND tintype_batch_used(p_batch) > v_batch.budget_nano_usd THEN
            RAISE EXCEPTION 'over the budget' USING ERRCODE = 'TT005';
        END IF;
    EXCEPTION
        WHEN SQLSTATE 'TT005' THEN
            RETURN jsonb_build_object('outcome', 'over_budget');
    END;
    UPDATE batches SET waits_for = NULL WHERE id = p_batch AND waits_for IS NOT NULL;
    RETURN v_answer;
END
$$;

-- Each row with what became of the calls that it shares in, and what was paid for those that it is the first of.
CREATE VIEW batch_standing AS
SELECT
    r.batch_id, r.number, r.line, r.model, r.input, coalesce(r.problem, made.problem) AS problem, r.place, r.count,
    CASE
        WHEN r.problem IS NOT NULL OR made.problem IS NOT NULL THEN 'broken'
        WHEN made.failed > 0 THEN 'failed'
        WHEN made.succeeded = made.calls THEN 'succeeded'
        WHEN made.waiting > 0 AND b.state <> 'open' THEN 'undone'
        WHEN made.waiting = made.calls THEN 'waiting'
        ELSE 'running'
    END AS state,
    CASE WHEN made.first < r.number THEN made.first END AS same_as,
    coalesce(made.generation_ids, '{}') AS generation_ids, coalesce(made.skips, '{}') AS skips,
    coalesce(made.counts, '{}') AS counts,
    made.failure_code, made.failure_message,
    (
        SELECT coalesce(sum(g.cost_nano_usd), 0)::bigint
        FROM batch_calls AS c
        CROSS JOIN LATERAL unnest(c.past || c.generation_id) AS bought (id)
        JOIN generations AS g ON g.id = bought.id
        WHERE c.batch_id = r.batch_id AND c.digest = r.digest AND c.row_number = r.number
    ) AS cost_nano_usd
FROM batch_rows AS r
JOIN batches AS b ON b.id = r.batch_id
LEFT JOIN LATERAL (
    SELECT
        count(*) AS calls, min(c.row_number) AS first, min(c.problem) AS problem,
        count(*) FILTER (WHERE c.generation_id IS NULL) AS waiting,
        count(*) FILTER (WHERE g.state = 'succeeded') AS succeeded,
        count(*) FILTER (WHERE g.state IN ('failed', 'canceled', 'aborted')) AS failed,
        array_agg(c.generation_id ORDER BY c.skip) FILTER (WHERE c.generation_id IS NOT NULL) AS generation_ids,
        array_agg(c.skip - r.skip ORDER BY c.skip) FILTER (WHERE c.generation_id IS NOT NULL) AS skips,
        array_agg(c.count ORDER BY c.skip) FILTER (WHERE c.generation_id IS NOT NULL) AS counts,
        min(coalesce(g.failure_code, g.state)) FILTER (WHERE g.state IN ('failed', 'canceled', 'aborted'))
            AS failure_code,
        min(g.failure_message) AS failure_message
    FROM batch_calls AS c
    LEFT JOIN generations AS g ON g.id = c.generation_id
    WHERE c.batch_id = r.batch_id AND c.digest = r.digest
        AND c.skip < r.skip + r.count AND c.skip + c.count > r.skip
) AS made ON true;
