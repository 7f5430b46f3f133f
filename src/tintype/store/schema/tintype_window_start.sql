CREATE FUNCTION public.tintype_window_start(p_period text, p_zone text, p_at timestamp with time zone) RETURNS timestamp with time zone
    LANGUAGE sql STABLE
    AS $$
    SELECT CASE
        WHEN p_period = 'total' THEN timestamptz '-infinity'
        WHEN p_period IN ('hour', 'day', 'week', 'month') THEN date_trunc(p_period, p_at, p_zone)
        ELSE to_timestamp(floor(extract(epoch FROM p_at) / p_period::bigint) * p_period::bigint)
    END
$$;
