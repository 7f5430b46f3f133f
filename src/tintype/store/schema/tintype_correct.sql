CREATE FUNCTION public.tintype_correct(p_id text, p_cost bigint, p_images bigint, p_video_ms bigint, p_ref text) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
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
