-- What was bought and is kept, but could not be finished here, is finished again without buying it again.

-- Admit a generation in the stead of one whose finishing steps failed, with its outputs and its place in its order; it
-- is captured already, holds nothing and costs nothing. `replaces` in the request is the other's id. Each is replaced
-- once: who comes second is told by whom, and nothing was done.
CREATE FUNCTION tintype_finish_again(p_request jsonb, p_at timestamptz DEFAULT NULL)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    v_at timestamptz := coalesce(p_at, now());
    v_key text := p_request ->> 'key';
    v_id text := p_request -> 'generations' -> 0 ->> 'id';
    v_idempotency jsonb := nullif(p_request -> 'idempotency', 'null');
    v_old generations;
BEGIN
    SELECT * INTO STRICT v_old FROM generations WHERE id = p_request ->> 'replaces' FOR UPDATE;
    IF v_idempotency IS NOT NULL THEN
        PERFORM tintype_gate(ARRAY[tintype_name(p_request)], 1953066614);
        INSERT INTO idempotency AS i (key_id, name, fingerprint, order_id, generation_ids, created_at, expires_at)
        VALUES (
            v_key, v_idempotency ->> 'name', decode(v_idempotency ->> 'fingerprint', 'hex'), v_old.order_id,
            ARRAY[v_id], v_at, v_at + make_interval(secs => (v_idempotency ->> 'keep_s')::double precision)
        )
        ON CONFLICT (key_id, name) DO UPDATE
        SET fingerprint = excluded.fingerprint, order_id = excluded.order_id,
            generation_ids = excluded.generation_ids, created_at = excluded.created_at,
            expires_at = excluded.expires_at
        WHERE i.expires_at <= v_at;
        IF NOT FOUND THEN
            RETURN tintype_repeated(v_key, v_idempotency);
        END IF;
    END IF;
    IF v_old.replaced_by IS NOT NULL THEN
        PERFORM tintype_forget(v_key, v_idempotency);
        RETURN jsonb_build_object('outcome', 'replaced', 'by', v_old.replaced_by);
    END IF;
    INSERT INTO generations
    SELECT (jsonb_populate_record(v_old, jsonb_build_object(
        'id', v_id, 'state', 'capturing', 'estimate_nano_usd', 0, 'hold_nano_usd', 0, 'cost_nano_usd', NULL,
        'failure_code', NULL, 'failure_message', NULL, 'prediction_id', NULL, 'attempts', 0, 'attempts_absent', 0,
        'attempts_failed', 0, 'predictions_past', '{}'::text[], 'intent_token', NULL, 'intent_at', NULL,
        'dead_at', NULL, 'cancel_wished_at', NULL, 'due_at', NULL, 'secrets', NULL, 'cache_key', NULL,
        'joined_to', NULL, 'follows', NULL, 'cached_from', v_old.id, 'events_last', 1
    ) || jsonb_build_object(
        'deadline_at', v_at + (v_old.deadline_at - v_old.created_at), 'created_at', v_at, 'submitted_at', NULL,
        'started_at', NULL, 'completed_at', v_at, 'finished_at', NULL, 'settled_at', NULL,
        'request_id', p_request ->> 'request_id'
    ))).*;
    INSERT INTO ledger (generation_id, kind, debit, credit, amount_nano_usd, at)
    VALUES (v_id, 'hold', 'free', 'held', 0, v_at);
    INSERT INTO events (generation_id, number, state, at) VALUES (v_id, 1, 'capturing', v_at);
    INSERT INTO inputs (generation_id, field, position, sha256)
    SELECT v_id, i.field, i.position, i.sha256 FROM inputs AS i WHERE i.generation_id = v_old.id;
    INSERT INTO outputs (
        generation_id, position, sha256, upstream_sha256, upstream_url, content_type, size_bytes, width, height,
        duration_ms, thumbnail_sha256, blurred, note
    )
    SELECT
        v_id, o.position, o.sha256, o.upstream_sha256, o.upstream_url, o.content_type, o.size_bytes, o.width,
        o.height, o.duration_ms, o.thumbnail_sha256, o.blurred, o.note
    FROM outputs AS o
    WHERE o.generation_id = v_old.id;
    IF p_request ? 'asked' THEN
        INSERT INTO asked (generation_id, dialect, facts)
        VALUES (v_id, p_request -> 'asked' ->> 'dialect', p_request -> 'asked' -> 'facts');
    END IF;
    UPDATE generations SET replaced_by = v_id WHERE id = v_old.id;
    PERFORM tintype_capture(v_id);
    PERFORM pg_notify('tintype_events', v_id);
    RETURN jsonb_build_object(
        'outcome', 'admitted', 'order_id', v_old.order_id,
        'generations', jsonb_build_array(jsonb_build_object(
            'id', v_id, 'joined_to', NULL, 'cached_from', v_old.id, 'state', 'capturing'
        ))
    );
END
$$;
