-- Which window a moment falls into, and which limits a request meets.

-- Hours of a day with a change of the clock stay an hour long; days start at the zone's midnight, or at the
-- first moment of a day that has none.
CREATE FUNCTION tintype_window_start(p_period text, p_zone text, p_at timestamptz)
RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN p_period = 'total' THEN timestamptz '-infinity'
        WHEN p_period IN ('hour', 'day', 'week', 'month') THEN date_trunc(p_period, p_at, p_zone)
        ELSE to_timestamp(floor(extract(epoch FROM p_at) / p_period::bigint) * p_period::bigint)
    END
$$;

CREATE FUNCTION tintype_window_end(p_period text, p_zone text, p_start timestamptz)
RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN p_period = 'total' THEN timestamptz 'infinity'
        WHEN p_period = 'hour' THEN p_start + interval '1 hour'
        WHEN p_period IN ('day', 'week', 'month') THEN
            date_trunc(p_period, (p_start AT TIME ZONE p_zone) + ('1 ' || p_period)::interval) AT TIME ZONE p_zone
        ELSE p_start + make_interval(secs => p_period::double precision)
    END
$$;

CREATE TYPE tintype_need AS (
    limit_id bigint,
    subject text,
    window_start timestamptz,
    scope text,
    measure text,
    period text,
    zone text,
    amount bigint,
    asked bigint
);

-- Wait for one's turn at counters. Waiting for a row itself wakes every waiter at each commit, which is ten times
-- slower with fifty of them; here one wakes the next. Taken in one order, all before the first row is locked.
CREATE FUNCTION tintype_gate(p_names text[], p_kind integer DEFAULT 1953066612)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_gate integer;
BEGIN
    FOR v_gate IN SELECT DISTINCT hashtext(n) FROM unnest(p_names) AS n ORDER BY 1 LOOP
        PERFORM pg_advisory_xact_lock(p_kind, v_gate);
    END LOOP;
END
$$;

-- Every limit that a request of this chain meets, with what it asks of each, in the order of locking.
-- The limit of one's own stands before the default with the same measure and period.
CREATE FUNCTION tintype_needs(
    p_key text, p_user text, p_project text, p_at timestamptz,
    p_money bigint, p_images bigint, p_video_ms bigint, p_open bigint, p_all bigint
) RETURNS tintype_need[] LANGUAGE sql STABLE AS $$
    SELECT array_agg(
        (met.id, met.actual, tintype_window_start(met.period, met.zone, p_at), met.scope, met.measure,
         met.period, met.zone, met.free_amount, met.asked)::tintype_need
        ORDER BY met.id, met.actual COLLATE "C"
    )
    FROM (
        SELECT DISTINCT ON (l.scope, l.measure, l.period)
            l.id, chain.actual, l.scope, l.measure, l.period, l.zone,
            CASE WHEN l.override_until > p_at THEN l.override_amount ELSE l.amount END AS free_amount,
            CASE l.measure
                WHEN 'money' THEN p_money
                WHEN 'images' THEN p_images
                WHEN 'video_seconds' THEN p_video_ms
                WHEN 'concurrent' THEN p_open
                ELSE p_all
            END AS asked
        FROM (VALUES
            ('all', '', '', 0),
            ('project', p_project, p_project, 0),
            ('project', '*', p_project, 1),
            ('key', p_key, p_key, 0),
            ('key', '*', p_key, 1),
            ('user', p_key || '/' || p_user, p_key || '/' || p_user, 0),
            ('user', p_key || '/*', p_key || '/' || p_user, 1),
            ('user', '*', p_key || '/' || p_user, 2)
        ) AS chain (scope, subject, actual, rank)
        JOIN limits AS l ON l.scope = chain.scope AND l.subject = chain.subject
        WHERE chain.actual IS NOT NULL
        ORDER BY l.scope, l.measure, l.period, chain.rank
    ) AS met
    WHERE met.asked > 0
$$;
