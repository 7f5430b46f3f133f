-- Changes nothing; for each generation its state and progress, and its state events after the one that is known.
SELECT
    g.id AS generation_id, g.state AS state_now, g.events_last, g.finished_at IS NOT NULL AS is_final,
    g.progress_percent, g.progress, e.number, e.state, e.body, e.at
FROM unnest(%(ids)s::text[], %(after)s::integer[]) AS w (id, after)
JOIN generations AS g ON g.id = w.id
LEFT JOIN events AS e ON e.generation_id = g.id AND e.number > w.after
ORDER BY g.id, e.number
