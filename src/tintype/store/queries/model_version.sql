-- Changes nothing; a version that was seen upstream.
SELECT v.id, v.model, v.facts FROM model_versions AS v
WHERE v.upstream_id = %(upstream_id)s AND v.id = %(id)s
