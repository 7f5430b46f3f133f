-- Holds become cost, or are given back, in the windows that hold; each once.

-- Lock every counter in which these generations hold, in the order in which admissions lock.
CREATE FUNCTION tintype_lock_counters(p_ids text[])
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM tintype_gate(ARRAY(
        SELECT h.limit_id || '/' || h.subject FROM holds AS h WHERE h.generation_id = ANY (p_ids)
    ));
    PERFORM FROM counters AS c
    WHERE (c.limit_id, c.subject, c.window_start) IN (
        SELECT h.limit_id, h.subject, h.window_start FROM holds AS h WHERE h.generation_id = ANY (p_ids)
    )
    ORDER BY c.limit_id, c.subject, c.window_start
    FOR UPDATE;
END
$$;

-- What a counter of this measure counts for a generation that made and cost so much.
CREATE FUNCTION tintype_counted(p_measure text, p_cost bigint, p_images bigint, p_video_ms bigint)
RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE p_measure
        WHEN 'money' THEN p_cost
        WHEN 'images' THEN coalesce(p_images, 0)
        WHEN 'video_seconds' THEN coalesce(p_video_ms, 0)
        ELSE 0
    END
$$;

-- Release the hold whole and book the cost whole, also when it is above the hold. The caller has locked the
-- generation and its counters, and writes the final state in the same transaction.
CREATE FUNCTION tintype_settle(p_generation generations, p_cost bigint, p_images bigint, p_video_ms bigint,
    p_saved bigint, p_at timestamptz)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE counters AS c
    SET held = c.held - h.amount,
        spent = c.spent + tintype_counted(h.measure, p_cost, p_images, p_video_ms)
    FROM holds AS h
    WHERE h.generation_id = p_generation.id
        AND c.limit_id = h.limit_id AND c.subject = h.subject AND c.window_start = h.window_start;
    UPDATE holds AS h
    SET spent = tintype_counted(h.measure, p_cost, p_images, p_video_ms)
    WHERE h.generation_id = p_generation.id;
    INSERT INTO ledger (generation_id, kind, debit, credit, amount_nano_usd, at)
    SELECT p_generation.id, line.kind, line.debit, line.credit, line.amount, p_at
    FROM (VALUES
        ('release', 'held', 'free', p_generation.hold_nano_usd, true),
        ('charge', 'free', 'spent', p_cost, true),
        ('saved', 'cache', 'saved', coalesce(p_saved, 0), coalesce(p_saved, 0) > 0)
    ) AS line (kind, debit, credit, amount, is_booked)
    WHERE line.is_booked;
    IF p_cost > p_generation.hold_nano_usd THEN
        PERFORM tintype_alert(
            'over_bound', p_generation.id,
            'A generation cost more than the most its price rule foresaw; it was booked whole.',
            jsonb_build_object('model', p_generation.model, 'price_rule', p_generation.price_rule,
                'hold_nano_usd', p_generation.hold_nano_usd, 'cost_nano_usd', p_cost)
        );
    END IF;
END
$$;

-- Book another cost for what was settled, in the windows that held it; once per reason. Returns whether it
-- was booked now.
CREATE FUNCTION tintype_correct(p_id text, p_cost bigint, p_images bigint, p_video_ms bigint, p_ref text)
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    v_generation generations;
BEGIN
    v_generation := tintype_lock(p_id);
    IF v_generation.settled_at IS NULL THEN
        RETURN false;
    END IF;
    INSERT INTO ledger (generation_id, kind, ref, debit, credit, amount_nano_usd)
    VALUES (
        p_id, 'correction', p_ref,
        CASE WHEN p_cost < v_generation.cost_nano_usd THEN 'spent' ELSE 'free' END,
        CASE WHEN p_cost < v_generation.cost_nano_usd THEN 'free' ELSE 'spent' END,
        abs(p_cost - v_generation.cost_nano_usd)
    )
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    PERFORM tintype_lock_counters(ARRAY[p_id]);
    UPDATE counters AS c
    SET spent = c.spent - h.spent + tintype_counted(h.measure, p_cost, p_images, p_video_ms)
    FROM holds AS h
    WHERE h.generation_id = p_id
        AND c.limit_id = h.limit_id AND c.subject = h.subject AND c.window_start = h.window_start;
    UPDATE holds AS h
    SET spent = tintype_counted(h.measure, p_cost, p_images, p_video_ms)
    WHERE h.generation_id = p_id;
    UPDATE generations SET cost_nano_usd = p_cost WHERE id = p_id;
    RETURN true;
END
$$;
