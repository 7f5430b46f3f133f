CREATE FUNCTION public.tintype_batch_used(p_batch text) RETURNS bigint
    LANGUAGE sql STABLE
    AS $$
    SELECT coalesce(sum(CASE WHEN g.finished_at IS NULL THEN g.hold_nano_usd ELSE g.cost_nano_usd END), 0)::bigint
    FROM batch_calls AS c
    CROSS JOIN LATERAL unnest(c.past || c.generation_id) AS bought (id)
    JOIN generations AS g ON g.id = bought.id
    WHERE c.batch_id = p_batch
$$;
