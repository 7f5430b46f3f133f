CREATE FUNCTION public.tintype_needs(p_key text, p_user text, p_project text, p_at timestamp with time zone, p_money bigint, p_images bigint, p_video_ms bigint, p_open bigint, p_all bigint) RETURNS public.tintype_need[]
    LANGUAGE sql STABLE
    AS $$
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
