CREATE FUNCTION public.tintype_rebase(p_limit bigint DEFAULT 1073741824) RETURNS bigint
    LANGUAGE plpgsql
    AS $$
DECLARE
    v_by bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(1953066613, 0);
    UPDATE fair SET base = virtual_now WHERE virtual_now - base >= p_limit
    RETURNING virtual_now INTO v_by;
    IF NOT FOUND THEN
        RETURN 0;
    END IF;
    UPDATE procrastinate_jobs AS j
    SET priority = tintype_priority(g.virtual_start, v_by)
    FROM generations AS g
    WHERE j.status = 'todo' AND j.queue_name = 'submit' AND g.id = j.args ->> 'generation_id';
    RETURN v_by;
END
$$;
