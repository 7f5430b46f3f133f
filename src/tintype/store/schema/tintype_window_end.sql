CREATE FUNCTION public.tintype_window_end(p_period text, p_zone text, p_start timestamp with time zone) RETURNS timestamp with time zone
    LANGUAGE sql STABLE
    AS $$
    SELECT CASE
        WHEN p_period = 'total' THEN timestamptz 'infinity'
        WHEN p_period = 'hour' THEN p_start + interval '1 hour'
        WHEN p_period IN ('day', 'week', 'month') THEN
            date_trunc(p_period, (p_start AT TIME ZONE p_zone) + ('1 ' || p_period)::interval) AT TIME ZONE p_zone
        ELSE p_start + make_interval(secs => p_period::double precision)
    END
$$;
