-- Lowers a lane after a 429: to six a minute with low credit, else to half, once for refusals that come together.
UPDATE throttle AS t
SET permits_per_minute = CASE
        WHEN %(low_credit)s THEN least(6, t.ceiling_per_minute)
        WHEN t.lowered_at > now() - interval '5 seconds' THEN t.permits_per_minute
        ELSE greatest(least(6, t.ceiling_per_minute), least(
            t.ceiling_per_minute,
            t.permits_per_minute * power(1.1::double precision, least(extract(
                epoch FROM now() - coalesce(t.lowered_at, now()))::double precision / 10, 100))
        ) / 2)
    END,
    lowered_at = now(),
    next_at = greatest(t.next_at, now() + make_interval(secs => %(retry_after_s)s))
WHERE t.upstream_id = %(upstream_id)s AND t.lane = %(lane)s
