-- Equal requests of one owner fly together: the first buys, the others wait for it with a hold of their own.

-- Decide for each generation with a cache key whether it buys, joins or is answered from the store.
-- The flights stay locked until the transaction ends.
CREATE FUNCTION tintype_board(p_wanted tintype_wanted[])
RETURNS tintype_wanted[] LANGUAGE plpgsql AS $$
DECLARE
    v_flight flights;
BEGIN
    INSERT INTO flights (cache_key)
    SELECT DISTINCT w.cache_key FROM unnest(p_wanted) AS w WHERE w.cache_key IS NOT NULL ORDER BY 1
    ON CONFLICT DO NOTHING;
    PERFORM FROM flights AS f
    WHERE f.cache_key IN (SELECT w.cache_key FROM unnest(p_wanted) AS w)
    ORDER BY f.cache_key
    FOR UPDATE;
    FOR i IN 1 .. cardinality(p_wanted) LOOP
        CONTINUE WHEN p_wanted[i].cache_key IS NULL;
        SELECT * INTO v_flight FROM flights AS f WHERE f.cache_key = p_wanted[i].cache_key;
        IF v_flight.stored_id IS NOT NULL
            AND EXISTS (SELECT FROM outputs AS o WHERE o.generation_id = v_flight.stored_id) THEN
            p_wanted[i].stored := v_flight.stored_id;
        ELSIF v_flight.leader_id = ANY (SELECT w.id FROM unnest(p_wanted[1:i-1]) AS w)
            OR EXISTS (
                SELECT FROM generations AS g WHERE g.id = v_flight.leader_id AND g.finished_at IS NULL
                    AND g.cancel_wished_at IS NULL
            ) THEN
            p_wanted[i].leader := v_flight.leader_id;
        ELSE
            UPDATE flights SET leader_id = p_wanted[i].id, stored_id = NULL, changed_at = now()
            WHERE cache_key = p_wanted[i].cache_key;
        END IF;
    END LOOP;
    RETURN p_wanted;
END
$$;

-- Answer a generation with the outputs of an earlier one, and book what that saved.
CREATE FUNCTION tintype_use_stored(p_id text, p_from text, p_at timestamptz)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO outputs (
        generation_id, position, sha256, upstream_sha256, upstream_url, content_type, size_bytes, width, height,
        duration_ms, thumbnail_sha256, blurred, note
    )
    SELECT
        p_id, o.position, o.sha256, o.upstream_sha256, o.upstream_url, o.content_type, o.size_bytes, o.width,
        o.height, o.duration_ms, o.thumbnail_sha256, o.blurred, o.note
    FROM outputs AS o
    WHERE o.generation_id = p_from;
    INSERT INTO ledger (generation_id, kind, debit, credit, amount_nano_usd, at)
    SELECT p_id, 'saved', 'cache', 'saved', g.cost_nano_usd, p_at FROM generations AS g WHERE g.id = p_from;
END
$$;

-- The next of a flight takes over from a leader that ended unpaid, and is enqueued; NULL when nobody waits.
-- The caller holds the flight.
CREATE FUNCTION tintype_promote(p_cache_key text, p_leader text)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_next text;
BEGIN
    SELECT g.id INTO v_next FROM generations AS g
    WHERE g.joined_to = p_leader AND g.finished_at IS NULL AND g.cancel_wished_at IS NULL
    ORDER BY g.id
    LIMIT 1;
    UPDATE flights SET leader_id = v_next, changed_at = now()
    WHERE cache_key = p_cache_key AND leader_id = p_leader;
    IF v_next IS NOT NULL THEN
        UPDATE generations SET joined_to = nullif(v_next, id) WHERE joined_to = p_leader AND finished_at IS NULL;
    END IF;
    RETURN v_next;
END
$$;

-- A leader whose owner wishes to cancel hands what it bought, or may have bought, to the next of its flight
-- and ends without cost. Returns the one that carries it now, NULL when nobody else waits: nothing was done.
CREATE FUNCTION tintype_hand_over(p_id text)
RETURNS text LANGUAGE plpgsql AS $$
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
