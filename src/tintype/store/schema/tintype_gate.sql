CREATE FUNCTION public.tintype_gate(p_names text[], p_kind integer DEFAULT 1953066612) RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
    v_gate integer;
BEGIN
    FOR v_gate IN SELECT DISTINCT hashtext(n) FROM unnest(p_names) AS n ORDER BY 1 LOOP
        PERFORM pg_advisory_xact_lock(p_kind, v_gate);
    END LOOP;
END
$$;
