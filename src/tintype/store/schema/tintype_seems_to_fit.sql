CREATE FUNCTION public.tintype_seems_to_fit(p_needs public.tintype_need[]) RETURNS boolean
    LANGUAGE sql STABLE
    AS $$
    SELECT NOT EXISTS (
        SELECT FROM unnest(p_needs) AS n
        LEFT JOIN counters AS c USING (limit_id, subject, window_start)
        WHERE coalesce(c.held + c.spent, 0) + n.asked > n.amount
    )
$$;
