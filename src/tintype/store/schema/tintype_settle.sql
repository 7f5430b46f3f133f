CREATE FUNCTION public.tintype_settle(p_generation public.generations, p_cost bigint, p_images bigint, p_video_ms bigint, p_saved bigint, p_at timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    AS $$
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
