CREATE FUNCTION public.tintype_move(p_id text, p_set jsonb, p_event jsonb DEFAULT '{}'::jsonb, p_settle jsonb DEFAULT NULL::jsonb) RETURNS jsonb
    LANGUAGE plpgsql
    AS $$
DECLARE
    v_old generations;
    v_new generations;
    v_wait text[] := '{}';
    v_next text;
BEGIN
    v_old := tintype_lock(p_id);
    IF v_old.id IS NULL OR v_old.finished_at IS NOT NULL THEN
        RETURN NULL;
    END IF;
    v_new := jsonb_populate_record(v_old, p_set);
    IF p_set ? 'cancel_wished' THEN
        v_new.cancel_wished_at := coalesce(v_old.cancel_wished_at, now());
    END IF;
    IF p_set ? 'due_in_s' THEN
        v_new.due_at := now() + make_interval(secs => (p_set ->> 'due_in_s')::double precision);
    END IF;
    IF v_new.state IN ('succeeded', 'failed', 'canceled', 'aborted') THEN
        IF p_settle IS NULL THEN
            RAISE EXCEPTION 'generation % ends without a settlement', p_id;
        END IF;
        v_new.finished_at := now();
        v_new.settled_at := now();
        v_new.due_at := NULL;
        v_new.secrets := NULL;
        v_new.cost_nano_usd := (p_settle ->> 'cost_nano_usd')::bigint;
        IF v_new.state = 'succeeded' AND v_new.cache_key IS NOT NULL AND v_old.joined_to IS NULL THEN
            v_wait := ARRAY(
                SELECT g.id FROM generations AS g
                WHERE g.joined_to = p_id AND g.finished_at IS NULL
                ORDER BY g.id
                FOR UPDATE
            );
        END IF;
        PERFORM tintype_lock_counters(v_wait || p_id);
        PERFORM tintype_settle(v_old, v_new.cost_nano_usd, (p_settle ->> 'images')::bigint,
            (p_settle ->> 'video_ms')::bigint, NULL, now());
    END IF;
    IF v_new.state <> v_old.state THEN
        v_new.events_last := v_old.events_last + 1;
        INSERT INTO events (generation_id, number, state, body)
        VALUES (p_id, v_new.events_last, v_new.state, p_event);
        PERFORM pg_notify('tintype_events', p_id);
    END IF;
    UPDATE generations SET
        state = v_new.state, failure_code = v_new.failure_code, failure_message = v_new.failure_message,
        prediction_id = v_new.prediction_id, prediction = v_new.prediction, attempts = v_new.attempts,
        attempts_absent = v_new.attempts_absent, attempts_failed = v_new.attempts_failed,
        predictions_past = v_new.predictions_past,
        intent_token = v_new.intent_token, intent_at = v_new.intent_at, dead_at = v_new.dead_at,
        cancel_wished_at = v_new.cancel_wished_at, due_at = v_new.due_at, secrets = v_new.secrets,
        progress_percent = v_new.progress_percent, progress = v_new.progress, cost_nano_usd = v_new.cost_nano_usd,
        submitted_at = v_new.submitted_at, started_at = v_new.started_at, completed_at = v_new.completed_at,
        events_last = v_new.events_last, finished_at = v_new.finished_at, settled_at = v_new.settled_at
    WHERE id = p_id;
    IF v_new.finished_at IS NOT NULL AND v_old.joined_to IS NULL AND v_old.cache_key IS NOT NULL THEN
        IF v_new.state = 'succeeded' THEN
            UPDATE flights SET stored_id = p_id, leader_id = NULL, changed_at = now()
            WHERE cache_key = v_old.cache_key AND leader_id = p_id;
            PERFORM tintype_share(v_new, joiner) FROM generations AS joiner
            WHERE joiner.id = ANY (v_wait) ORDER BY joiner.id;
        ELSE
            v_next := tintype_promote(v_old.cache_key, p_id);
            IF v_next IS NOT NULL THEN
                PERFORM tintype_enqueue(v_next);
            END IF;
        END IF;
    END IF;
    RETURN jsonb_build_object('event', v_new.events_last, 'shared_with', to_jsonb(v_wait), 'next', v_next);
END
$$;
