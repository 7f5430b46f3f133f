-- Where a generation came from, on each of its rows and jobs, so that every line of every process's log can say it: the
-- HTTP request that asked for it, and the key.

ALTER TABLE generations ADD COLUMN request_id text;
ALTER TYPE tintype_plain ADD ATTRIBUTE request_id text;

-- What a job about a generation is given: its id, its key, and the request that asked for it. Of one that is no
-- generation, the id alone.
CREATE FUNCTION tintype_origin(p_id text)
RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT coalesce(
        (
            SELECT jsonb_strip_nulls(jsonb_build_object(
                'generation_id', g.id, 'key_id', g.key_id, 'request_id', g.request_id))
            FROM generations AS g
            WHERE g.id = p_id
        ),
        jsonb_build_object('generation_id', p_id)
    )
$$;

-- As it was, with the request that asks.
CREATE OR REPLACE FUNCTION tintype_write(p_request jsonb, p_wanted tintype_wanted[], p_needs tintype_need[],
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
        settled_at, request_id
    )
    SELECT
        w.id, v_order, w.at_place - 1, p_request ->> 'key', p_request ->> 'user', p_request ->> 'project',
        (p_request ->> 'upstream_id')::bigint, p_simulated, w.model, w.version,
        w.deployment, w.input, CASE WHEN w.stored IS NULL THEN w.secrets END, w.estimate_nano_usd,
        CASE WHEN w.stored IS NULL THEN w.hold_nano_usd ELSE 0 END, CASE WHEN w.stored IS NOT NULL THEN 0 END,
        w.price_rule, coalesce(w.images, 0), coalesce(w.video_ms, 0),
        CASE WHEN w.stored IS NULL THEN 'queued' ELSE 'succeeded' END, p_at + make_interval(secs => w.deadline_s),
        w.cache_key, w.leader, w.stored, coalesce(w.metadata, '{}'), coalesce(w.tags, '{}'), w.callback_url, p_at,
        CASE WHEN w.stored IS NOT NULL THEN p_at END, CASE WHEN w.stored IS NOT NULL THEN p_at END,
        p_request ->> 'request_id'
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

-- From here on all is as it was, but for what its jobs are given.
CREATE OR REPLACE FUNCTION tintype_line_up(p_wanted tintype_wanted[], p_owner text, p_jobs bigint)
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
         tintype_origin(w.id), NULL)::procrastinate_job_to_defer_v1
    ))
    FROM unnest(p_wanted) AS w CROSS JOIN fair AS f
    WHERE w.stored IS NULL AND w.leader IS NULL;
END
$$;

CREATE OR REPLACE FUNCTION tintype_admit_plain(p_upstream bigint, p_requests jsonb)
RETURNS timestamptz LANGUAGE plpgsql AS $$
DECLARE
    v_at timestamptz := now();
    v_simulated boolean;
    v_plain tintype_plain[];
    v_chains tintype_chain[];
    v_needs tintype_need[];
    v_named integer;
    v_owner record;
BEGIN
    SELECT u.simulated INTO v_simulated
    FROM upstreams AS u
    WHERE u.id = p_upstream AND NOT EXISTS (
        SELECT FROM throttle AS t
        WHERE t.upstream_id = u.id AND t.lane = 'creates' AND t.paused_until > v_at
    );
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    SELECT array_agg(w ORDER BY w.owner COLLATE "C", w.place), count(w.name) INTO v_plain, v_named
    FROM jsonb_populate_recordset(NULL::tintype_plain, p_requests) AS w;
    IF v_named > 0 THEN
        PERFORM tintype_gate(ARRAY(
            SELECT concat_ws('/', w.key_id, w.name) FROM unnest(v_plain) AS w WHERE w.name IS NOT NULL
        ), 1953066614);
        INSERT INTO idempotency AS i (key_id, name, fingerprint, generation_ids, created_at, expires_at)
        SELECT DISTINCT ON (w.key_id, w.name)
            w.key_id, w.name, w.fingerprint, ARRAY[w.id], v_at, v_at + make_interval(secs => w.keep_s)
        FROM unnest(v_plain) AS w
        WHERE w.name IS NOT NULL
        ON CONFLICT (key_id, name) DO UPDATE
        SET fingerprint = excluded.fingerprint, order_id = NULL, generation_ids = excluded.generation_ids,
            created_at = excluded.created_at, expires_at = excluded.expires_at
        WHERE i.expires_at <= v_at;
        GET DIAGNOSTICS v_named = ROW_COUNT;
        IF v_named <> (SELECT count(w.name) FROM unnest(v_plain) AS w) THEN
            RAISE EXCEPTION 'not plain' USING ERRCODE = 'TT003';
        END IF;
    END IF;
    SELECT array_agg((
        c.key_id, c.end_user, c.project,
        tintype_needs(c.key_id, c.end_user, c.project, v_at, c.money, c.images, c.video_ms, c.number, c.number)
    )::tintype_chain)
    INTO v_chains
    FROM (
        SELECT
            w.key_id, w.end_user, w.project, sum(w.hold_nano_usd)::bigint AS money,
            sum(w.images)::bigint AS images, sum(w.video_ms)::bigint AS video_ms, count(*) AS number
        FROM unnest(v_plain) AS w
        GROUP BY w.key_id, w.end_user, w.project
    ) AS c;
    -- What several chains share is asked for once.
    SELECT array_agg((n.limit_id, n.subject, n.window_start, n.scope, n.measure, n.period, n.zone, n.amount,
        n.asked)::tintype_need ORDER BY n.limit_id, n.subject COLLATE "C")
    INTO v_needs
    FROM (
        SELECT
            n.limit_id, n.subject, n.window_start, n.scope, n.measure, n.period, n.zone, n.amount,
            sum(n.asked)::bigint AS asked
        FROM unnest(v_chains) AS c
        CROSS JOIN LATERAL unnest(c.needs) AS n
        GROUP BY n.limit_id, n.subject, n.window_start, n.scope, n.measure, n.period, n.zone, n.amount
    ) AS n;
    IF NOT tintype_seems_to_fit(v_needs) OR tintype_take(v_needs) IS NOT NULL THEN
        RAISE EXCEPTION 'not plain' USING ERRCODE = 'TT003';
    END IF;
    FOR v_owner IN
        SELECT w.owner, count(*) AS jobs, min(w.at_place)::integer AS first, NULL::bigint AS next, NULL::integer AS step
        FROM (
            SELECT w.owner, row_number() OVER (ORDER BY w.owner COLLATE "C", w.place) AS at_place
            FROM unnest(v_plain) AS w
        ) AS w
        GROUP BY w.owner
        ORDER BY w.owner COLLATE "C"
    LOOP
        INSERT INTO owners AS o (owner, virtual, weight)
        SELECT v_owner.owner, f.virtual_now + 1000 * v_owner.jobs, 1 FROM fair AS f
        ON CONFLICT (owner) DO UPDATE
        SET virtual = greatest(o.virtual, excluded.virtual - 1000 * v_owner.jobs) + v_owner.jobs * (1000 / o.weight)
        RETURNING o.virtual - v_owner.jobs * (1000 / o.weight), 1000 / o.weight INTO v_owner.next, v_owner.step;
        FOR i IN v_owner.first .. v_owner.first + v_owner.jobs - 1 LOOP
            v_plain[i].virtual_start := v_owner.next + (i - v_owner.first) * v_owner.step;
        END LOOP;
    END LOOP;
    INSERT INTO generations (
        id, key_id, end_user, project, upstream_id, simulated, model, version, deployment, input, secrets,
        estimate_nano_usd, hold_nano_usd, price_rule, images, video_ms, state, deadline_at, metadata, tags,
        callback_url, created_at, virtual_start, request_id
    )
    SELECT
        w.id, w.key_id, w.end_user, w.project, p_upstream, v_simulated, w.model, w.version, w.deployment, w.input,
        w.secrets, w.estimate_nano_usd, w.hold_nano_usd, w.price_rule, coalesce(w.images, 0),
        coalesce(w.video_ms, 0), 'queued', v_at + make_interval(secs => w.deadline_s), coalesce(w.metadata, '{}'),
        coalesce(w.tags, '{}'), w.callback_url, v_at, w.virtual_start, w.request_id
    FROM unnest(v_plain) AS w;
    IF v_needs IS NOT NULL THEN
        INSERT INTO holds (generation_id, limit_id, subject, window_start, measure, amount)
        SELECT w.id, n.limit_id, n.subject, n.window_start, n.measure, part.amount
        FROM unnest(v_plain) AS w
        JOIN unnest(v_chains) AS c ON c.key_id = w.key_id
            AND c.end_user IS NOT DISTINCT FROM w.end_user AND c.project IS NOT DISTINCT FROM w.project
        CROSS JOIN LATERAL unnest(c.needs) AS n
        CROSS JOIN LATERAL (
            SELECT CASE n.measure
                WHEN 'money' THEN w.hold_nano_usd
                WHEN 'images' THEN coalesce(w.images, 0)
                WHEN 'video_seconds' THEN coalesce(w.video_ms, 0)
                WHEN 'concurrent' THEN 1
                ELSE 0
            END AS amount
        ) AS part
        WHERE part.amount > 0;
    END IF;
    INSERT INTO ledger (generation_id, kind, debit, credit, amount_nano_usd, at)
    SELECT w.id, 'hold', 'free', 'held', w.hold_nano_usd, v_at FROM unnest(v_plain) AS w;
    INSERT INTO events (generation_id, number, state, at)
    SELECT w.id, 1, 'queued', v_at FROM unnest(v_plain) AS w;
    PERFORM pg_notify('tintype_events', w.id) FROM unnest(v_plain) AS w;
    PERFORM pg_advisory_xact_lock_shared(1953066613, 0);
    PERFORM procrastinate_defer_jobs_v1(array_agg(
        ('submit', 'submit', tintype_priority(w.virtual_start, f.base), NULL, NULL,
         jsonb_strip_nulls(jsonb_build_object(
             'generation_id', w.id, 'key_id', w.key_id, 'request_id', w.request_id)), NULL)::procrastinate_job_to_defer_v1
        ORDER BY w.place
    ))
    FROM unnest(v_plain) AS w CROSS JOIN fair AS f;
    RETURN v_at;
EXCEPTION
    WHEN SQLSTATE 'TT003' THEN
        RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION tintype_call_back(p_id text, p_after_s double precision DEFAULT 0)
RETURNS void LANGUAGE sql AS $$
    SELECT procrastinate_defer_jobs_v1(ARRAY[
        ('callback', 'callback', 0, NULL, NULL, tintype_origin(p_id),
         CASE WHEN p_after_s > 0 THEN now() + make_interval(secs => p_after_s) END
        )::procrastinate_job_to_defer_v1
    ])
$$;

CREATE OR REPLACE FUNCTION tintype_capture(p_id text, p_after_s double precision DEFAULT 0)
RETURNS void LANGUAGE sql AS $$
    SELECT procrastinate_defer_jobs_v1(ARRAY[
        ('capture', 'capture',
         -extract(epoch FROM coalesce(g.completed_at, now()) - timestamptz '2026-01-01 00:00:00Z')::integer,
         NULL, NULL, tintype_origin(g.id),
         CASE WHEN p_after_s > 0 THEN now() + make_interval(secs => p_after_s) END
        )::procrastinate_job_to_defer_v1
    ])
    FROM generations AS g
    WHERE g.id = p_id
$$;

CREATE OR REPLACE FUNCTION tintype_enqueue(p_id text, p_after_s double precision DEFAULT 0)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(1953066613, 0);
    PERFORM procrastinate_defer_jobs_v1(ARRAY[
        ('submit', 'submit', tintype_priority(g.virtual_start, f.base), NULL, NULL,
         tintype_origin(g.id),
         CASE WHEN p_after_s > 0 THEN now() + make_interval(secs => p_after_s) END
        )::procrastinate_job_to_defer_v1
    ])
    FROM generations AS g CROSS JOIN fair AS f
    WHERE g.id = p_id;
END
$$;

CREATE OR REPLACE FUNCTION tintype_film_due()
RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM procrastinate_defer_jobs_v1(ARRAY[
        ('film', 'film', 0, NULL, NULL, tintype_origin(NEW.id) || jsonb_build_object('generation_id', f.order_id), NULL
        )::procrastinate_job_to_defer_v1
    ])
    FROM films AS f
    WHERE f.order_id = NEW.order_id AND f.state <> 'succeeded';
    RETURN NULL;
END
$$;
