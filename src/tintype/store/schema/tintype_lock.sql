CREATE FUNCTION public.tintype_lock(p_id text) RETURNS public.generations
    LANGUAGE plpgsql
    AS $$
DECLARE
    v_generation generations;
BEGIN
    PERFORM FROM flights AS f JOIN generations AS g USING (cache_key) WHERE g.id = p_id FOR UPDATE OF f;
    SELECT * INTO v_generation FROM generations WHERE id = p_id FOR UPDATE;
    RETURN v_generation;
END
$$;
