CREATE FUNCTION public.tintype_join(p_request jsonb) RETURNS jsonb
    LANGUAGE plpgsql
    AS $$
DECLARE
    v_answer jsonb := p_request -> 'answer';
    v_repetition integer := (v_answer ->> 'repetition')::integer;
    v_earlier answers;
BEGIN
    PERFORM tintype_gate(ARRAY[tintype_name(p_request)], 1953066614);
    SELECT * INTO v_earlier FROM answers AS a
    WHERE a.name = tintype_name(p_request) AND a.asked_at > now() - interval '120 seconds'
        AND (
            a.hand = v_answer ->> 'hand'
            OR v_repetition > 0
            OR (a.answered_at IS NULL AND tintype_is_left(a.holder))
        )
    ORDER BY
        a.hand = v_answer ->> 'hand' DESC, a.answered_at IS NOT NULL OR a.holder IS NOT NULL,
        -- Equal requests of several callers may all be repeated: each means one that was repeated once less, and
        -- most likely the newest of them.
        CASE WHEN v_repetition > 0 THEN a.repetition <> v_repetition - 1 END,
        a.answered_at IS NOT NULL,
        CASE WHEN v_repetition > 0 THEN a.asked_at END DESC,
        a.asked_at
    LIMIT 1;
    IF NOT FOUND THEN
        -- Who asked for the same may have hung up just now, and the news be on its way: of another process, or of a
        -- caller who has waited for a while.
        IF NOT (v_answer ->> 'has_waited')::boolean AND EXISTS (
            SELECT FROM answers AS a
            WHERE a.name = tintype_name(p_request) AND a.answered_at IS NULL
                AND a.asked_at > now() - interval '120 seconds'
                AND (a.holder <> (v_answer ->> 'holder')::integer OR a.asked_at < now() - interval '0.5 second')
        ) THEN
            RETURN jsonb_build_object('outcome', 'under_way');
        END IF;
        RETURN NULL;
    END IF;
    UPDATE answers SET
        hand = v_answer ->> 'hand', holder = (v_answer ->> 'holder')::integer, repetition = v_repetition,
        asked_at = now(), answered_at = NULL
    WHERE hand = v_earlier.hand;
    RETURN jsonb_build_object(
        'outcome', 'repeated', 'order_id', v_earlier.order_id, 'generation_ids', to_jsonb(v_earlier.generation_ids)
    );
END
$$;
