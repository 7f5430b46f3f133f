-- Notes versions as seen now; what is known of one stays where nothing is said of it.
INSERT INTO model_versions AS v (upstream_id, id, model, facts)
SELECT %(upstream_id)s, s.id, s.model, nullif(s.facts, 'null')
FROM jsonb_to_recordset(%(seen)s) AS s (id text, model text, facts jsonb)
ORDER BY s.id
ON CONFLICT (upstream_id, id) DO UPDATE
SET model = excluded.model, facts = coalesce(excluded.facts, v.facts), seen_at = now()
