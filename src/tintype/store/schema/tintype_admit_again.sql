CREATE FUNCTION public.tintype_admit_again(p_request jsonb, p_at timestamp with time zone DEFAULT NULL::timestamp with time zone) RETURNS jsonb
    LANGUAGE plpgsql
    AS $$
DECLARE
    v_old generations;
    v_new text := p_request -> 'generations' -> 0 ->> 'id';
    v_answer jsonb;
BEGIN
    -- It has ended, so that nobody else waits for its lock with one that is taken below.
    SELECT * INTO STRICT v_old FROM generations WHERE id = p_request ->> 'replaces' FOR UPDATE;
    BEGIN
        v_answer := tintype_admit(p_request, p_at);
        IF v_answer ->> 'outcome' <> 'admitted' THEN
            RETURN v_answer;
        END IF;
        IF v_old.replaced_by IS NOT NULL THEN
            RAISE EXCEPTION 'replaced' USING ERRCODE = 'TT002';
        END IF;
        UPDATE generations SET replaced_by = v_new WHERE id = v_old.id;
        UPDATE generations SET order_id = v_old.order_id, position = v_old.position WHERE id = v_new;
        UPDATE idempotency SET order_id = v_old.order_id
        WHERE key_id = p_request ->> 'key' AND name = p_request -> 'idempotency' ->> 'name';
    EXCEPTION
        WHEN SQLSTATE 'TT002' THEN
            RETURN jsonb_build_object('outcome', 'replaced', 'by', v_old.replaced_by);
    END;
    RETURN v_answer || jsonb_build_object('order_id', v_old.order_id);
END
$$;
