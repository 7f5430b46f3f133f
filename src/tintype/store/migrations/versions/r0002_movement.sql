-- A generation's way from state to state.

-- Lock a generation for a change. Who flies with others is locked after its flight, never before.
CREATE FUNCTION tintype_lock(p_id text)
RETURNS generations LANGUAGE plpgsql AS $$
DECLARE
    v_generation generations;
BEGIN
    PERFORM FROM flights AS f JOIN generations AS g USING (cache_key) WHERE g.id = p_id FOR UPDATE OF f;
    SELECT * INTO v_generation FROM generations WHERE id = p_id FOR UPDATE;
    RETURN v_generation;
END
$$;

-- Defer the job that submits a generation, behind or before others by its start tag.
CREATE FUNCTION tintype_enqueue(p_id text, p_after_s double precision DEFAULT 0)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(1953066613, 0);
    PERFORM procrastinate_defer_jobs_v1(ARRAY[
        ('submit', 'submit', tintype_priority(g.virtual_start, f.base), NULL, NULL,
         jsonb_build_object('generation_id', g.id),
         CASE WHEN p_after_s > 0 THEN now() + make_interval(secs => p_after_s) END
        )::procrastinate_job_to_defer_v1
    ])
    FROM generations AS g CROSS JOIN fair AS f
    WHERE g.id = p_id;
END
$$;

-- Commit the intent to POST: attempt number, token and times, before a byte leaves. NULL when it is not
-- queued any more, waits for another, or shall be cancelled.
CREATE FUNCTION tintype_intend(p_id text, p_token text, p_dead_after_s double precision)
RETURNS jsonb LANGUAGE plpgsql AS $$
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

-- Change a generation: the columns named in `p_set`, an event when the state is a new one, and with a final
-- state the settlement of it and of all who fly with it. A final state is never left: NULL says that nothing
-- was done. One call per transaction, because it locks counters.
-- In `p_set`, `due_in_s` counts from the database's clock, `cancel_wished` is true at its time. `p_settle` has cost_nano_usd, images, video_ms.
CREATE FUNCTION tintype_move(p_id text, p_set jsonb, p_event jsonb DEFAULT '{}', p_settle jsonb DEFAULT NULL)
RETURNS jsonb LANGUAGE plpgsql AS $$
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

-- End one who waited for another's purchase: its outputs, no cost, and what that saved.
CREATE FUNCTION tintype_share(p_leader generations, p_joiner generations)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM tintype_settle(p_joiner, 0, 0, 0, NULL, now());
    PERFORM tintype_use_stored(p_joiner.id, p_leader.id, now());
    UPDATE generations SET
        state = 'succeeded', cached_from = p_leader.id, cost_nano_usd = 0, due_at = NULL, secrets = NULL,
        events_last = events_last + 1, completed_at = p_leader.completed_at, finished_at = now(),
        settled_at = now()
    WHERE id = p_joiner.id;
    INSERT INTO events (generation_id, number, state, body)
    VALUES (p_joiner.id, p_joiner.events_last + 1, 'succeeded', '{"shared": true}');
    PERFORM pg_notify('tintype_events', p_joiner.id);
END
$$;

-- Make priorities small again long before they meet the end of an integer. In a transaction of its own.
-- Returns the new base; 0 when there was no need.
CREATE FUNCTION tintype_rebase(p_limit bigint DEFAULT 1073741824)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_by bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(1953066613, 0);
    UPDATE fair SET base = virtual_now WHERE virtual_now - base >= p_limit
    RETURNING virtual_now INTO v_by;
    IF NOT FOUND THEN
        RETURN 0;
    END IF;
    UPDATE procrastinate_jobs AS j
    SET priority = tintype_priority(g.virtual_start, v_by)
    FROM generations AS g
    WHERE j.status = 'todo' AND j.queue_name = 'submit' AND g.id = j.args ->> 'generation_id';
    RETURN v_by;
END
$$;
