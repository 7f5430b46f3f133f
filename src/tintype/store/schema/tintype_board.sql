CREATE FUNCTION public.tintype_board(p_wanted public.tintype_wanted[]) RETURNS public.tintype_wanted[]
    LANGUAGE plpgsql
    AS $$
DECLARE
    v_flight flights;
BEGIN
    INSERT INTO flights (cache_key)
    SELECT DISTINCT w.cache_key FROM unnest(p_wanted) AS w WHERE w.cache_key IS NOT NULL ORDER BY 1
    ON CONFLICT DO NOTHING;
    PERFORM FROM flights AS f
    WHERE f.cache_key IN (SELECT w.cache_key FROM unnest(p_wanted) AS w)
    ORDER BY f.cache_key
    FOR UPDATE;
    FOR i IN 1 .. cardinality(p_wanted) LOOP
        CONTINUE WHEN p_wanted[i].cache_key IS NULL;
        SELECT * INTO v_flight FROM flights AS f WHERE f.cache_key = p_wanted[i].cache_key;
        IF v_flight.stored_id IS NOT NULL
            AND EXISTS (SELECT FROM outputs AS o WHERE o.generation_id = v_flight.stored_id) THEN
            p_wanted[i].stored := v_flight.stored_id;
        ELSIF v_flight.leader_id = ANY (SELECT w.id FROM unnest(p_wanted[1:i-1]) AS w)
            OR EXISTS (
                SELECT FROM generations AS g WHERE g.id = v_flight.leader_id AND g.finished_at IS NULL
                    AND g.cancel_wished_at IS NULL
            ) THEN
            p_wanted[i].leader := v_flight.leader_id;
        ELSE
            UPDATE flights SET leader_id = p_wanted[i].id, stored_id = NULL, changed_at = now()
            WHERE cache_key = p_wanted[i].cache_key;
        END IF;
    END LOOP;
    RETURN p_wanted;
END
$$;
