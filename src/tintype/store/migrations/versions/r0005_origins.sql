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
