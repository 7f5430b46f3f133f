-- Keeps what a generation's run was last seen doing and tells listeners. What came late is left aside, by the length
-- of its logs and its percent; another prediction begins anew.
WITH seen AS (
    UPDATE generations AS g SET progress = %(progress)s, progress_percent = %(percent)s
    WHERE g.id = %(id)s AND g.finished_at IS NULL AND g.prediction_id = %(prediction_id)s
        AND (
            g.progress ->> 'prediction_id' IS DISTINCT FROM %(prediction_id)s
            OR (
                (g.progress ->> 'logs_length')::integer <= (%(progress)s::jsonb ->> 'logs_length')::integer
                AND (g.progress ->> 'output_length')::integer <= (%(progress)s::jsonb ->> 'output_length')::integer
                AND (g.progress, g.progress_percent) IS DISTINCT FROM (%(progress)s::jsonb, %(percent)s::real)
            )
        )
    RETURNING g.id
)
SELECT id, pg_notify('tintype_events', id) IS NOT NULL AS is_told FROM seen
