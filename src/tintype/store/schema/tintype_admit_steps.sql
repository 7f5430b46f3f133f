CREATE FUNCTION public.tintype_admit_steps(p_request jsonb, p_at timestamp with time zone DEFAULT NULL::timestamp with time zone) RETURNS jsonb
    LANGUAGE plpgsql
    AS $$
DECLARE
    v_answer jsonb := tintype_admit(p_request, p_at);
BEGIN
    IF v_answer ->> 'outcome' = 'admitted' THEN
        UPDATE generations AS g SET follows = pair.follows
        FROM jsonb_to_recordset(p_request -> 'follows') AS pair (id text, follows text)
        WHERE g.id = pair.id;
    END IF;
    RETURN v_answer;
END
$$;
