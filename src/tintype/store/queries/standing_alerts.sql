-- Changes nothing; how many alerts of each kind are open.
SELECT kind, count(*) AS alerts FROM alerts WHERE resolved_at IS NULL GROUP BY kind
