-- Notes what a model is now, in place of what it was; facts that could not be read leave those before.
INSERT INTO synced_models AS s (upstream_id, model, version, facts)
VALUES (%(upstream_id)s, %(model)s, %(version)s, %(facts)s)
ON CONFLICT (upstream_id, model) DO UPDATE
SET version = excluded.version, facts = coalesce(excluded.facts, s.facts), synced_at = now()
