CREATE FUNCTION public.tintype_take(p_needs public.tintype_need[]) RETURNS jsonb
    LANGUAGE plpgsql
    AS $$
DECLARE
    v_refusals jsonb;
BEGIN
    PERFORM tintype_gate(ARRAY(SELECT n.limit_id || '/' || n.subject FROM unnest(p_needs) AS n));
    INSERT INTO counters (limit_id, subject, window_start)
    SELECT n.limit_id, n.subject, n.window_start FROM unnest(p_needs) AS n
    ON CONFLICT DO NOTHING;
    WITH locked AS MATERIALIZED (
        SELECT n.*, c.held, c.spent, tintype_window_end(n.period, n.zone, n.window_start) AS window_end
        FROM unnest(p_needs) AS n
        JOIN counters AS c USING (limit_id, subject, window_start)
        ORDER BY c.limit_id, c.subject, c.window_start
        FOR UPDATE OF c
    )
    SELECT jsonb_agg(
        jsonb_build_object(
            'limit_id', l.limit_id, 'scope', l.scope, 'subject', l.subject, 'measure', l.measure,
            'period', l.period, 'amount', l.amount, 'asked', l.asked,
            'free', greatest(l.amount - l.held - l.spent, 0),
            'frees_at', CASE WHEN l.asked <= l.amount AND isfinite(l.window_end) THEN l.window_end END
        )
        ORDER BY l.asked <= l.amount AND isfinite(l.window_end), l.window_end DESC, l.limit_id
    )
    INTO v_refusals
    FROM locked AS l
    WHERE l.held + l.spent + l.asked > l.amount;
    IF v_refusals IS NULL THEN
        UPDATE counters AS c
        SET held = c.held + CASE WHEN n.measure = 'rate' THEN 0 ELSE n.asked END,
            spent = c.spent + CASE WHEN n.measure = 'rate' THEN n.asked ELSE 0 END
        FROM unnest(p_needs) AS n
        WHERE c.limit_id = n.limit_id AND c.subject = n.subject AND c.window_start = n.window_start;
    END IF;
    RETURN v_refusals;
END
$$;
