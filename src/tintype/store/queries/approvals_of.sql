-- Changes nothing; the approvals that generations had a part in, as proof or as final, in the order of approval.
SELECT a.proof_id, a.pick, a.final_id, a.approved_at
FROM approvals AS a
WHERE a.proof_id = ANY(%(ids)s) OR a.final_id = ANY(%(ids)s)
ORDER BY a.approved_at, a.final_id
