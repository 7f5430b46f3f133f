CREATE FUNCTION public.tintype_enqueue(p_id text, p_after_s double precision DEFAULT 0) RETURNS void
    LANGUAGE plpgsql
    AS $$
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
