CREATE FUNCTION public.tintype_admit_proofs(p_request jsonb, p_at timestamp with time zone DEFAULT NULL::timestamp with time zone) RETURNS jsonb
    LANGUAGE plpgsql
    AS $$
DECLARE
    v_answer jsonb;
BEGIN
    IF p_request ? 'follows' THEN
        v_answer := tintype_admit_steps(p_request, p_at);
    ELSE
        v_answer := tintype_admit(p_request, p_at);
    END IF;
    IF v_answer ->> 'outcome' = 'admitted' THEN
        INSERT INTO proofs (generation_id, final_model, final_nano_usd)
        SELECT one.id, one.final_model, one.final_nano_usd
        FROM jsonb_to_recordset(p_request -> 'proofs') AS one (id text, final_model text, final_nano_usd bigint);
    END IF;
    RETURN v_answer;
END
$$;
