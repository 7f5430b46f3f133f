CREATE FUNCTION public.tintype_batch_admit(p_batch text, p_calls integer[], p_request jsonb) RETURNS jsonb
    LANGUAGE plpgsql
    AS $$
DECLARE
    v_batch batches;
    v_left bigint;
    v_answer jsonb;
BEGIN
    SELECT * INTO STRICT v_batch FROM batches WHERE id = p_batch FOR UPDATE;
    IF v_batch.state <> 'open' OR EXISTS (
        SELECT FROM batch_calls AS c
        WHERE c.batch_id = p_batch AND c.number = ANY (p_calls) AND c.generation_id IS NOT NULL
    ) THEN
        RETURN jsonb_build_object('outcome', 'closed');
    END IF;
    -- What no equal request answers is held whole: where that is too much, nothing is written to be taken back.
    v_left := v_batch.budget_nano_usd - tintype_batch_used(p_batch);
    IF v_left < (
        SELECT sum((g ->> 'hold_nano_usd')::bigint) FROM jsonb_array_elements(p_request -> 'generations') AS g
        WHERE g ->> 'cache_key' IS NULL
    ) THEN
        RETURN jsonb_build_object('outcome', 'over_budget');
    END IF;
    BEGIN
        v_answer := tintype_admit(p_request);
        IF v_answer ->> 'outcome' <> 'admitted' THEN
            RETURN v_answer;
        END IF;
        UPDATE batch_calls AS c SET generation_id = made.id, has_ended = false
        FROM (
            SELECT p_calls[g.place] AS number, g.one ->> 'id' AS id
            FROM jsonb_array_elements(v_answer -> 'generations') WITH ORDINALITY AS g (one, place)
        ) AS made
        WHERE c.batch_id = p_batch AND c.number = made.number;
        IF v_batch.budget_nano_usd IS NOT NULL AND tintype_batch_used(p_batch) > v_batch.budget_nano_usd THEN
            RAISE EXCEPTION 'over the budget' USING ERRCODE = 'TT005';
        END IF;
    EXCEPTION
        WHEN SQLSTATE 'TT005' THEN
            RETURN jsonb_build_object('outcome', 'over_budget');
    END;
    UPDATE batches SET waits_for = NULL WHERE id = p_batch AND waits_for IS NOT NULL;
    RETURN v_answer;
END
$$;
