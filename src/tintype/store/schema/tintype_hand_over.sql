CREATE FUNCTION public.tintype_hand_over(p_id text) RETURNS text
    LANGUAGE plpgsql
    AS $$
DECLARE
    v_old generations;
    v_next text;
BEGIN
    v_old := tintype_lock(p_id);
    IF v_old.cache_key IS NULL OR v_old.joined_to IS NOT NULL OR v_old.finished_at IS NOT NULL THEN
        RETURN NULL;
    END IF;
    v_next := tintype_promote(v_old.cache_key, p_id);
    IF v_next IS NULL THEN
        UPDATE flights SET leader_id = p_id WHERE cache_key = v_old.cache_key AND leader_id IS NULL;
        RETURN NULL;
    END IF;
    IF v_old.state = 'queued' THEN
        PERFORM tintype_enqueue(v_next);
        RETURN v_next;
    END IF;
    UPDATE generations SET prediction_id = NULL WHERE id = p_id;
    UPDATE attempts SET generation_id = v_next WHERE generation_id = p_id;
    UPDATE inbox SET generation_id = v_next WHERE generation_id = p_id AND handled_at IS NULL;
    PERFORM tintype_move(v_next, jsonb_build_object(
        'state', v_old.state, 'prediction_id', v_old.prediction_id, 'prediction', v_old.prediction,
        'attempts', v_old.attempts, 'attempts_absent', v_old.attempts_absent,
        'attempts_failed', v_old.attempts_failed, 'predictions_past', v_old.predictions_past,
        'intent_token', v_old.intent_token,
        'intent_at', v_old.intent_at, 'dead_at', v_old.dead_at, 'due_at', now(),
        'submitted_at', v_old.submitted_at, 'started_at', v_old.started_at,
        'completed_at', v_old.completed_at
    ), jsonb_build_object('carries_on', true));
    RETURN v_next;
END
$$;
