CREATE FUNCTION public.tintype_pace(p_needs public.tintype_need[]) RETURNS jsonb
    LANGUAGE sql STABLE
    AS $$
    SELECT jsonb_build_object(
        'limit', n.amount, 'left', greatest(n.amount - c.held - c.spent, 0),
        'resets_at', tintype_window_end(n.period, n.zone, n.window_start)
    )
    FROM unnest(p_needs) AS n
    JOIN counters AS c USING (limit_id, subject, window_start)
    WHERE n.measure = 'rate'
    ORDER BY n.amount - c.held - c.spent, tintype_window_end(n.period, n.zone, n.window_start) DESC, n.limit_id
    LIMIT 1
$$;
