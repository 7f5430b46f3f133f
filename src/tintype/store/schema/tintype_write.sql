CREATE FUNCTION public.tintype_write(p_request jsonb, p_wanted public.tintype_wanted[], p_needs public.tintype_need[], p_simulated boolean, p_at timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    AS $$
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
