CREATE FUNCTION public.tintype_gate(p_counters text[]) RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
    v_gate integer;
BEGIN
    FOR v_gate IN SELECT DISTINCT hashtext(c) FROM unnest(p_counters) AS c ORDER BY 1 LOOP
        PERFORM pg_advisory_xact_lock(1953066612, v_gate);
    END LOOP;
END
$$;
