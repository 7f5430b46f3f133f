-- Writes down what became of a prediction that belonged to nobody: `accepted` when its generation has it again,
-- `storing` when it is in the book and its outputs are to be stored, `lost` when nothing is left to do. Each once.
UPDATE attempts SET outcome = %(outcome)s
WHERE generation_id = %(id)s AND prediction_id = %(prediction_id)s AND outcome IN ('orphan', 'storing')
    AND outcome <> %(outcome)s
