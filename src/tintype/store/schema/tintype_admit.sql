CREATE FUNCTION public.tintype_admit(p_request jsonb, p_at timestamp with time zone DEFAULT NULL::timestamp with time zone) RETURNS jsonb
    LANGUAGE plpgsql
    AS $$
DECLARE
    v_said jsonb;
BEGIN
    IF p_request ? 'answer' THEN
        v_said := tintype_join(p_request);
        IF v_said IS NOT NULL THEN
            RETURN v_said;
        END IF;
    END IF;
    v_said := tintype_admit_anew(p_request, p_at);
    IF p_request ? 'asked' AND v_said ->> 'outcome' = 'admitted' THEN
        INSERT INTO asked (generation_id, dialect, facts)
        SELECT g ->> 'id', p_request -> 'asked' ->> 'dialect', p_request -> 'asked' -> 'facts'
        FROM jsonb_array_elements(p_request -> 'generations') AS g;
    END IF;
    IF p_request ? 'answer' AND v_said ->> 'outcome' = 'admitted' THEN
        INSERT INTO answers (hand, name, holder, generation_ids, order_id, repetition)
        SELECT
            p_request -> 'answer' ->> 'hand', tintype_name(p_request), (p_request -> 'answer' ->> 'holder')::integer,
            array_agg(g ->> 'id'), v_said ->> 'order_id', (p_request -> 'answer' ->> 'repetition')::integer
        FROM jsonb_array_elements(v_said -> 'generations') AS g;
    END IF;
    RETURN v_said;
END
$$;
