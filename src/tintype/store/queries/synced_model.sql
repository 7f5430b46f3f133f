-- Changes nothing; what a model was when it was last synced.
SELECT s.model, s.version, s.facts FROM synced_models AS s
WHERE s.upstream_id = %(upstream_id)s AND s.model = %(model)s
