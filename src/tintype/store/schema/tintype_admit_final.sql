CREATE FUNCTION public.tintype_admit_final(p_request jsonb, p_at timestamp with time zone DEFAULT NULL::timestamp with time zone) RETURNS jsonb
    LANGUAGE plpgsql
    AS $$
DECLARE
    v_proof text := p_request -> 'approves' ->> 'proof_id';
    v_pick integer := (p_request -> 'approves' ->> 'pick')::integer;
    v_answer jsonb;
BEGIN
    -- First of all locks: who approves the same at the same time waits here, and holds nothing that others wait for.
    INSERT INTO approvals (proof_id, pick, final_id)
    VALUES (v_proof, v_pick, p_request -> 'generations' -> 0 ->> 'id')
    ON CONFLICT (proof_id, pick) DO NOTHING;
    IF NOT FOUND THEN
        RETURN (
            SELECT jsonb_build_object(
                'outcome', 'repeated', 'order_id', NULL, 'generation_ids', jsonb_build_array(a.final_id)
            )
            FROM approvals AS a WHERE a.proof_id = v_proof AND a.pick = v_pick
        );
    END IF;
    v_answer := tintype_admit(p_request, p_at);
    IF v_answer ->> 'outcome' = 'admitted' THEN
        INSERT INTO ratings (generation_id, rating) VALUES (v_proof, 5) ON CONFLICT DO NOTHING;
    ELSE
        DELETE FROM approvals WHERE proof_id = v_proof AND pick = v_pick;
    END IF;
    RETURN v_answer;
END
$$;
