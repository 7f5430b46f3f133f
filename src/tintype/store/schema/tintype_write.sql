CREATE FUNCTION public.tintype_write(p_wanted public.tintype_wanted[], p_needs public.tintype_need[], p_at timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO inputs (generation_id, field, position, sha256)
    SELECT w.id, f.field, coalesce(f.position, 0), f.sha256
    FROM unnest(p_wanted) AS w
    CROSS JOIN LATERAL jsonb_to_recordset(w.files) AS f (field text, position integer, sha256 text)
    WHERE jsonb_typeof(w.files) = 'array';
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
    PERFORM tintype_use_stored(w.id, w.stored, p_at) FROM unnest(p_wanted) AS w WHERE w.stored IS NOT NULL;
    PERFORM pg_notify('tintype_events', w.id) FROM unnest(p_wanted) AS w;
    PERFORM pg_advisory_xact_lock_shared(1953066613, 0);
    PERFORM procrastinate_defer_jobs_v1(array_agg(
        ('submit', 'submit', tintype_priority(w.virtual_start, f.base), NULL, NULL,
         jsonb_build_object('generation_id', w.id), NULL)::procrastinate_job_to_defer_v1
    ))
    FROM unnest(p_wanted) AS w CROSS JOIN fair AS f
    WHERE w.stored IS NULL AND w.leader IS NULL
    HAVING count(*) > 0;
END
$$;
