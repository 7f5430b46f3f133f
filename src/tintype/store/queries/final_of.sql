-- Changes nothing; the final that was made of a picked proof, or nothing.
SELECT a.final_id FROM approvals AS a WHERE a.proof_id = %(proof_id)s AND a.pick = %(pick)s
