CREATE FUNCTION public.tintype_line_up(p_wanted public.tintype_wanted[], p_owner text, p_jobs bigint) RETURNS void
    LANGUAGE plpgsql
    AS $$
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
