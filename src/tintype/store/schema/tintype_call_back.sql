CREATE FUNCTION public.tintype_call_back(p_id text, p_after_s double precision DEFAULT 0) RETURNS void
    LANGUAGE sql
    AS $$
    SELECT procrastinate_defer_jobs_v1(ARRAY[
        ('callback', 'callback', 0, NULL, NULL, tintype_origin(p_id),
         CASE WHEN p_after_s > 0 THEN now() + make_interval(secs => p_after_s) END
        )::procrastinate_job_to_defer_v1
    ])
$$;
