-- Admission: everything a request needs is checked, held, written and enqueued in one statement, or nothing is.

CREATE TYPE tintype_wanted AS (
    id text,
    model text,
    version text,
    deployment text,
    input jsonb,
    secrets bytea,
    files jsonb,
    estimate_nano_usd bigint,
    hold_nano_usd bigint,
    price_rule text,
    images integer,
    video_ms bigint,
    deadline_s double precision,
    cache_key text,
    metadata jsonb,
    tags text[],
    callback_url text,
    -- Filled in here: whom it joins, whose outputs answer it, and its start tag.
    leader text,
    stored text,
    virtual_start bigint
);

-- Shared by admissions, exclusive to the rebasing of priorities.
CREATE FUNCTION tintype_priority(p_virtual_start bigint, p_base bigint)
RETURNS integer LANGUAGE sql IMMUTABLE AS $$
    SELECT greatest(least(p_base - p_virtual_start, 2147483647), -2147483647)::integer
$$;

-- Locks come in one order everywhere: idempotency, flights, generations, counters, owner, fair; those of a kind
-- are taken in the order of its key, so no two transactions wait for each other.
-- `p_at` is the database's clock unless a test hands in a time.
CREATE FUNCTION tintype_admit(p_request jsonb, p_at timestamptz DEFAULT NULL)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    v_at timestamptz := coalesce(p_at, now());
    v_key text := p_request ->> 'key';
    v_user text := p_request ->> 'user';
    v_project text := p_request ->> 'project';
    v_upstream bigint := (p_request ->> 'upstream_id')::bigint;
    v_order text := p_request -> 'order' ->> 'id';
    v_idempotency jsonb := nullif(p_request -> 'idempotency', 'null');
    v_wanted tintype_wanted[];
    v_ids text[];
    v_needs tintype_need[];
    v_refusals jsonb;
    v_is_taken boolean := false;
    v_simulated boolean;
    v_until timestamptz;
    v_money bigint;
    v_images bigint;
    v_video_ms bigint;
    v_open bigint;
    v_jobs bigint;
BEGIN
    SELECT array_agg(w), array_agg(w.id) INTO v_wanted, v_ids
    FROM jsonb_populate_recordset(NULL::tintype_wanted, p_request -> 'generations') AS w;
    IF v_idempotency IS NOT NULL THEN
        PERFORM tintype_gate(ARRAY[tintype_name(p_request)], 1953066614);
        INSERT INTO idempotency AS i (key_id, name, fingerprint, order_id, generation_ids, created_at, expires_at)
        VALUES (
            v_key, v_idempotency ->> 'name', decode(v_idempotency ->> 'fingerprint', 'hex'), v_order, v_ids, v_at,
            v_at + make_interval(secs => (v_idempotency ->> 'keep_s')::double precision)
        )
        ON CONFLICT (key_id, name) DO UPDATE
        SET fingerprint = excluded.fingerprint, order_id = excluded.order_id,
            generation_ids = excluded.generation_ids, created_at = excluded.created_at,
            expires_at = excluded.expires_at
        WHERE i.expires_at <= v_at;
        IF NOT FOUND THEN
            RETURN tintype_repeated(v_key, v_idempotency);
        END IF;
    END IF;

    SELECT u.simulated, t.paused_until INTO STRICT v_simulated, v_until
    FROM upstreams AS u
    LEFT JOIN throttle AS t ON t.upstream_id = u.id AND t.lane = 'creates' AND t.paused_until > v_at
    WHERE u.id = v_upstream;
    IF v_until IS NOT NULL THEN
        PERFORM tintype_forget(v_key, v_idempotency);
        RETURN jsonb_build_object('outcome', 'paused', 'until', v_until);
    END IF;

    IF EXISTS (SELECT FROM unnest(v_wanted) AS w WHERE w.cache_key IS NOT NULL) THEN
        v_wanted := tintype_board(v_wanted);
    END IF;

    SELECT
        sum(w.hold_nano_usd) FILTER (WHERE w.stored IS NULL),
        sum(w.images) FILTER (WHERE w.stored IS NULL),
        sum(w.video_ms) FILTER (WHERE w.stored IS NULL),
        count(*) FILTER (WHERE w.stored IS NULL),
        count(*) FILTER (WHERE w.stored IS NULL AND w.leader IS NULL)
    INTO v_money, v_images, v_video_ms, v_open, v_jobs
    FROM unnest(v_wanted) AS w;
    v_needs := tintype_needs(v_key, v_user, v_project, v_at, v_money, v_images, v_video_ms, v_open,
        cardinality(v_wanted));
    -- Whoever will likely be refused is judged before anything is written; whoever will likely be admitted
    -- writes what needs no lock first, so that counters are locked for a short time only.
    IF NOT tintype_seems_to_fit(v_needs) THEN
        v_refusals := tintype_take(v_needs);
        v_is_taken := v_refusals IS NULL;
    END IF;
    IF v_refusals IS NULL THEN
        BEGIN
            PERFORM tintype_write(p_request, v_wanted, v_needs, v_simulated, v_at);
            IF NOT v_is_taken THEN
                v_refusals := tintype_take(v_needs);
                IF v_refusals IS NOT NULL THEN
                    RAISE EXCEPTION 'refused' USING ERRCODE = 'TT001';
                END IF;
            END IF;
        EXCEPTION
            WHEN SQLSTATE 'TT001' THEN
                NULL;
        END;
    END IF;
    IF v_refusals IS NOT NULL THEN
        PERFORM tintype_forget(v_key, v_idempotency);
        RETURN jsonb_build_object('outcome', 'refused', 'refusals', v_refusals);
    END IF;
    IF v_jobs > 0 THEN
        PERFORM tintype_line_up(v_wanted, p_request ->> 'owner', v_jobs);
    END IF;
    RETURN jsonb_build_object(
        'outcome', 'admitted', 'order_id', v_order,
        'generations', (
            SELECT jsonb_agg(jsonb_build_object(
                'id', w.id, 'joined_to', w.leader, 'cached_from', w.stored,
                'state', CASE WHEN w.stored IS NULL THEN 'queued' ELSE 'succeeded' END
            ))
            FROM unnest(v_wanted) AS w
        )
    );
END
$$;

-- What stands for a request's Idempotency-Key at the gate.
CREATE FUNCTION tintype_name(p_request jsonb)
RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT concat_ws('/', p_request ->> 'key', p_request -> 'idempotency' ->> 'name')
$$;

-- Admit several requests that have nothing to do with each other, each for itself, with one commit for all.
-- All their locks are taken before the first is judged, in the order in which a single one takes them. Those
-- with a cache key go alone. Answers come in the order of the requests.
CREATE FUNCTION tintype_admit_several(p_requests jsonb)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    v_answers jsonb;
BEGIN
    PERFORM tintype_gate(ARRAY(
        SELECT tintype_name(r) FROM jsonb_array_elements(p_requests) AS r
        WHERE jsonb_typeof(r -> 'idempotency') = 'object'
    ), 1953066614);
    -- Which limits a chain meets does not depend on the amounts: asked for one of each, it shows all of them.
    PERFORM tintype_gate(ARRAY(
        SELECT n.limit_id || '/' || n.subject
        FROM (
            SELECT DISTINCT r ->> 'key' AS key_id, r ->> 'user' AS end_user, r ->> 'project' AS project
            FROM jsonb_array_elements(p_requests) AS r
        ) AS chain
        CROSS JOIN LATERAL unnest(
            tintype_needs(chain.key_id, chain.end_user, chain.project, now(), 1, 1, 1, 1, 1)
        ) AS n
    ));
    SELECT jsonb_agg(answered.answer ORDER BY answered.place) INTO v_answers
    FROM (
        SELECT r.place, tintype_admit(r.request) AS answer
        FROM (
            SELECT * FROM jsonb_array_elements(p_requests) WITH ORDINALITY AS r (request, place)
            ORDER BY r.request ->> 'owner' COLLATE "C", r.place
            OFFSET 0
        ) AS r
        OFFSET 0
    ) AS answered;
    RETURN v_answers;
END
$$;

-- What an earlier request with the same Idempotency-Key was given; another body is a conflict.
CREATE FUNCTION tintype_repeated(p_key text, p_idempotency jsonb)
RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN i.fingerprint = decode(p_idempotency ->> 'fingerprint', 'hex') THEN jsonb_build_object(
            'outcome', 'repeated', 'order_id', i.order_id, 'generation_ids', to_jsonb(i.generation_ids))
        ELSE jsonb_build_object('outcome', 'conflict')
    END
    FROM idempotency AS i
    WHERE i.key_id = p_key AND i.name = p_idempotency ->> 'name'
$$;

-- A refused request leaves no trace of its Idempotency-Key.
CREATE FUNCTION tintype_forget(p_key text, p_idempotency jsonb)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF p_idempotency IS NOT NULL THEN
        DELETE FROM idempotency WHERE key_id = p_key AND name = p_idempotency ->> 'name';
    END IF;
END
$$;

-- Look without a lock; only what `tintype_take` says is decided.
CREATE FUNCTION tintype_seems_to_fit(p_needs tintype_need[])
RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT NOT EXISTS (
        SELECT FROM unnest(p_needs) AS n
        LEFT JOIN counters AS c USING (limit_id, subject, window_start)
        WHERE coalesce(c.held + c.spent, 0) + n.asked > n.amount
    )
$$;

-- Take what was asked from every counter of the needs, one request at a time, and judge all of them on what
-- they are then; one that is above its limit undoes them all.
-- Returns NULL when taken, else each limit that refuses, the one that frees last in front.
CREATE FUNCTION tintype_take(p_needs tintype_need[])
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    v_refusals jsonb;
    v_found integer;
BEGIN
    IF p_needs IS NULL THEN
        RETURN NULL;
    END IF;
    PERFORM tintype_gate(ARRAY(SELECT n.limit_id || '/' || n.subject FROM unnest(p_needs) AS n));
    INSERT INTO counters (limit_id, subject, window_start)
    SELECT n.limit_id, n.subject, n.window_start FROM unnest(p_needs) AS n
    ON CONFLICT DO NOTHING;
    WITH taken AS (
        UPDATE counters AS c
        SET held = c.held + CASE WHEN n.measure = 'rate' THEN 0 ELSE n.asked END,
            spent = c.spent + CASE WHEN n.measure = 'rate' THEN n.asked ELSE 0 END
        FROM unnest(p_needs) AS n
        WHERE c.limit_id = n.limit_id AND c.subject = n.subject AND c.window_start = n.window_start
        RETURNING n.*, c.held + c.spent AS used
    )
    SELECT count(*), jsonb_agg(
        jsonb_build_object(
            'limit_id', t.limit_id, 'scope', t.scope, 'subject', t.subject, 'measure', t.measure,
            'period', t.period, 'amount', t.amount, 'asked', t.asked,
            'free', greatest(t.amount + t.asked - t.used, 0),
            'frees_at', CASE
                WHEN t.asked <= t.amount AND t.period <> 'total'
                    THEN tintype_window_end(t.period, t.zone, t.window_start)
            END
        )
        ORDER BY t.asked <= t.amount AND t.period <> 'total',
            tintype_window_end(t.period, t.zone, t.window_start) DESC, t.limit_id
    ) FILTER (WHERE t.used > t.amount)
    INTO STRICT v_found, v_refusals
    FROM taken AS t;
    IF v_refusals IS NOT NULL THEN
        RAISE EXCEPTION 'refused' USING ERRCODE = 'TT001';
    ELSIF v_found <> cardinality(p_needs) THEN
        RAISE EXCEPTION 'a limit was removed meanwhile' USING ERRCODE = 'serialization_failure';
    END IF;
    RETURN NULL;
EXCEPTION
    WHEN SQLSTATE 'TT001' THEN
        RETURN v_refusals;
END
$$;

-- Write what needs no lock: the order and its generations, holds, the book, the first events.
CREATE FUNCTION tintype_write(p_request jsonb, p_wanted tintype_wanted[], p_needs tintype_need[],
    p_simulated boolean, p_at timestamptz)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_order text := p_request -> 'order' ->> 'id';
BEGIN
    IF v_order IS NOT NULL THEN
        INSERT INTO orders (id, key_id, kind, plan, metadata)
        SELECT v_order, p_request ->> 'key', o.kind, coalesce(o.plan, '{}'), coalesce(o.metadata, '{}')
        FROM jsonb_to_record(p_request -> 'order') AS o (kind text, plan jsonb, metadata jsonb);
    END IF;
    INSERT INTO generations (
        id, order_id, position, key_id, end_user, project, upstream_id, simulated, model, version, deployment,
        input, secrets, estimate_nano_usd, hold_nano_usd, cost_nano_usd, price_rule, images, video_ms, state,
        deadline_at, cache_key, joined_to, cached_from, metadata, tags, callback_url, created_at, finished_at,
        settled_at
    )
    SELECT
        w.id, v_order, w.at_place - 1, p_request ->> 'key', p_request ->> 'user', p_request ->> 'project',
        (p_request ->> 'upstream_id')::bigint, p_simulated, w.model, w.version,
        w.deployment, w.input, CASE WHEN w.stored IS NULL THEN w.secrets END, w.estimate_nano_usd,
        CASE WHEN w.stored IS NULL THEN w.hold_nano_usd ELSE 0 END, CASE WHEN w.stored IS NOT NULL THEN 0 END,
        w.price_rule, coalesce(w.images, 0), coalesce(w.video_ms, 0),
        CASE WHEN w.stored IS NULL THEN 'queued' ELSE 'succeeded' END, p_at + make_interval(secs => w.deadline_s),
        w.cache_key, w.leader, w.stored, coalesce(w.metadata, '{}'), coalesce(w.tags, '{}'), w.callback_url, p_at,
        CASE WHEN w.stored IS NOT NULL THEN p_at END, CASE WHEN w.stored IS NOT NULL THEN p_at END
    FROM unnest(p_wanted) WITH ORDINALITY AS w (
        id, model, version, deployment, input, secrets, files, estimate_nano_usd, hold_nano_usd, price_rule,
        images, video_ms, deadline_s, cache_key, metadata, tags, callback_url, leader, stored, virtual_start,
        at_place
    );
    INSERT INTO holds (generation_id, limit_id, subject, window_start, measure, amount)
    SELECT w.id, n.limit_id, n.subject, n.window_start, n.measure, part.amount
    FROM unnest(p_wanted) AS w
    CROSS JOIN unnest(p_needs) AS n
    CROSS JOIN LATERAL (
        SELECT CASE n.measure
            WHEN 'money' THEN w.hold_nano_usd
            WHEN 'images' THEN coalesce(w.images, 0)
            WHEN 'video_seconds' THEN coalesce(w.video_ms, 0)
            WHEN 'concurrent' THEN 1
            ELSE 0
        END AS amount
    ) AS part
    WHERE w.stored IS NULL AND part.amount > 0;
    INSERT INTO ledger (generation_id, kind, debit, credit, amount_nano_usd, at)
    SELECT w.id, 'hold', 'free', 'held', w.hold_nano_usd, p_at
    FROM unnest(p_wanted) AS w
    WHERE w.stored IS NULL;
    INSERT INTO events (generation_id, number, state, at)
    SELECT w.id, 1, CASE WHEN w.stored IS NULL THEN 'queued' ELSE 'succeeded' END, p_at
    FROM unnest(p_wanted) AS w;
    INSERT INTO inputs (generation_id, field, position, sha256)
    SELECT w.id, f.field, coalesce(f.position, 0), f.sha256
    FROM unnest(p_wanted) AS w
    CROSS JOIN LATERAL jsonb_to_recordset(w.files) AS f (field text, position integer, sha256 text)
    WHERE jsonb_array_length(w.files) > 0;
    PERFORM tintype_use_stored(w.id, w.stored, p_at) FROM unnest(p_wanted) AS w WHERE w.stored IS NOT NULL;
    PERFORM pg_notify('tintype_events', w.id) FROM unnest(p_wanted) AS w;
END
$$;

-- Give each generation that buys its place: after the owner's last, and not before what runs now; and its job.
-- Who waits for another has the place of who would come next.
CREATE FUNCTION tintype_line_up(p_wanted tintype_wanted[], p_owner text, p_jobs bigint)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_next bigint;
    v_step integer;
BEGIN
    INSERT INTO owners AS o (owner, virtual, weight)
    SELECT p_owner, f.virtual_now + 1000 * p_jobs, 1 FROM fair AS f
    ON CONFLICT (owner) DO UPDATE
    SET virtual = greatest(o.virtual, excluded.virtual - 1000 * p_jobs) + p_jobs * (1000 / o.weight)
    RETURNING o.virtual - p_jobs * (1000 / o.weight), 1000 / o.weight INTO v_next, v_step;
    FOR i IN 1 .. cardinality(p_wanted) LOOP
        p_wanted[i].virtual_start := v_next;
        IF p_wanted[i].stored IS NULL AND p_wanted[i].leader IS NULL THEN
            v_next := v_next + v_step;
        END IF;
    END LOOP;
    -- An update within its page: no index knows the column.
    UPDATE generations AS g SET virtual_start = w.virtual_start
    FROM unnest(p_wanted) AS w
    WHERE g.id = w.id AND w.stored IS NULL AND w.virtual_start > 0;
    PERFORM pg_advisory_xact_lock_shared(1953066613, 0);
    PERFORM procrastinate_defer_jobs_v1(array_agg(
        ('submit', 'submit', tintype_priority(w.virtual_start, f.base), NULL, NULL,
         jsonb_build_object('generation_id', w.id), NULL)::procrastinate_job_to_defer_v1
    ))
    FROM unnest(p_wanted) AS w CROSS JOIN fair AS f
    WHERE w.stored IS NULL AND w.leader IS NULL;
END
$$;
