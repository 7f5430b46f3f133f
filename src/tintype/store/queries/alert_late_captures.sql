-- Alerts for each generation whose outputs are not stored half an hour after completion; upstream's hour runs on.
SELECT tintype_alert(
    'capture_late', g.id,
    'The outputs of a generation are not stored yet; upstream deletes them an hour after completion.',
    jsonb_build_object('model', g.model, 'completed_at', g.completed_at)
)
FROM generations AS g
WHERE g.finished_at IS NULL AND g.state = 'capturing' AND g.completed_at < now() - make_interval(secs => %(after_s)s)
