CREATE FUNCTION public.tintype_capture(p_id text, p_after_s double precision DEFAULT 0) RETURNS void
    LANGUAGE sql
    AS $$
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
