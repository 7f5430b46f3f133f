CREATE FUNCTION public.tintype_intend(p_id text, p_token text, p_dead_after_s double precision) RETURNS jsonb
    LANGUAGE plpgsql
    AS $$
DECLARE
    v_generation generations;
    v_dead_at timestamptz := clock_timestamp() + make_interval(secs => p_dead_after_s);
BEGIN
    v_generation := tintype_lock(p_id);
    IF v_generation.state IS DISTINCT FROM 'queued' OR v_generation.joined_to IS NOT NULL
        OR v_generation.cancel_wished_at IS NOT NULL THEN
        RETURN NULL;
    END IF;
    INSERT INTO attempts (token, generation_id, number, intent_at, dead_at)
    VALUES (p_token, p_id, v_generation.attempts + 1, clock_timestamp(), v_dead_at);
    PERFORM tintype_move(p_id, jsonb_build_object(
        'state', 'submitting', 'attempts', v_generation.attempts + 1, 'intent_token', p_token,
        'intent_at', clock_timestamp(), 'dead_at', v_dead_at, 'due_at', v_dead_at
    ), '{}');
    UPDATE fair SET virtual_now = v_generation.virtual_start WHERE virtual_now < v_generation.virtual_start;
    RETURN jsonb_build_object('number', v_generation.attempts + 1, 'dead_at', v_dead_at);
END
$$;
