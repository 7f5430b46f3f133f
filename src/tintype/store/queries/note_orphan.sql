-- Writes down a prediction that was paid for and belongs to nobody, under the attempt that bought it where that is
-- known; once for each.
INSERT INTO attempts AS a (token, generation_id, number, intent_at, dead_at, outcome, prediction_id, ended_at)
SELECT
    coalesce(
        %(token)s::text,
        (
            SELECT b.token FROM attempts AS b
            WHERE b.generation_id = %(id)s AND b.prediction_id = %(prediction_id)s
            ORDER BY b.number DESC
            LIMIT 1
        ),
        'orphan ' || %(prediction_id)s::text
    ),
    %(id)s, least((SELECT min(b.number) FROM attempts AS b WHERE b.generation_id = %(id)s), 0) - 1, now(), now(),
    'orphan', %(prediction_id)s, now()
ON CONFLICT (token) DO UPDATE
SET prediction_id = excluded.prediction_id, outcome = 'orphan'
WHERE a.outcome NOT IN ('storing', 'lost')
