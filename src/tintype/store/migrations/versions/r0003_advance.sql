-- Change a generation in one round trip, by a decision that was taken on the row as it was read: how an attempt ended,
-- the change itself, and the job that follows from it. `p_seen` is the row's version then; NULL says that it is another
-- by now, and that nothing was done. Locks come as in a transaction that locks the row first.
CREATE FUNCTION tintype_advance(p_id text, p_seen text, p_set jsonb, p_event jsonb, p_settle jsonb, p_attempt jsonb,
    p_work text, p_again_s double precision)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    v_moved jsonb;
BEGIN
    PERFORM tintype_lock(p_id);
    PERFORM FROM generations AS g WHERE g.id = p_id AND g.xmin::text = p_seen;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    IF p_attempt IS NOT NULL THEN
        UPDATE attempts AS a
        SET outcome = CASE WHEN a.outcome IN ('orphan', 'storing', 'lost') THEN a.outcome ELSE p_attempt ->> 'outcome' END,
            status = coalesce((p_attempt ->> 'status')::integer, a.status),
            prediction_id = coalesce(p_attempt ->> 'prediction_id', a.prediction_id),
            ended_at = coalesce(a.ended_at, now())
        WHERE a.token = p_attempt ->> 'token';
    END IF;
    IF p_set <> '{}' THEN
        v_moved := tintype_move(p_id, p_set, p_event, p_settle);
    END IF;
    IF p_work = 'submit' THEN
        PERFORM tintype_enqueue(p_id, p_again_s);
    ELSIF p_work = 'capture' THEN
        PERFORM tintype_capture(p_id);
    END IF;
    RETURN jsonb_build_object('moved', v_moved);
END
$$;
