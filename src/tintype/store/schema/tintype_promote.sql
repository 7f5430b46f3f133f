CREATE FUNCTION public.tintype_promote(p_cache_key text, p_leader text) RETURNS text
    LANGUAGE plpgsql
    AS $$
DECLARE
    v_next text;
BEGIN
    SELECT g.id INTO v_next FROM generations AS g
    WHERE g.joined_to = p_leader AND g.finished_at IS NULL AND g.cancel_wished_at IS NULL
    ORDER BY g.id
    LIMIT 1;
    UPDATE flights SET leader_id = v_next, changed_at = now()
    WHERE cache_key = p_cache_key AND leader_id = p_leader;
    IF v_next IS NOT NULL THEN
        UPDATE generations SET joined_to = nullif(v_next, id) WHERE joined_to = p_leader AND finished_at IS NULL;
    END IF;
    RETURN v_next;
END
$$;
