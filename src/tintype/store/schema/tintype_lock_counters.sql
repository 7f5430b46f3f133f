CREATE FUNCTION public.tintype_lock_counters(p_ids text[]) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
    PERFORM tintype_gate(ARRAY(
        SELECT h.limit_id || '/' || h.subject FROM holds AS h WHERE h.generation_id = ANY (p_ids)
    ));
    PERFORM FROM counters AS c
    WHERE (c.limit_id, c.subject, c.window_start) IN (
        SELECT h.limit_id, h.subject, h.window_start FROM holds AS h WHERE h.generation_id = ANY (p_ids)
    )
    ORDER BY c.limit_id, c.subject, c.window_start
    FOR UPDATE;
END
$$;
