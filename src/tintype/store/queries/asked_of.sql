-- Changes nothing; how generations were asked for, those that are told of in another shape than our own.
SELECT a.generation_id, a.dialect, a.facts FROM asked AS a WHERE a.generation_id = ANY(%(ids)s)
