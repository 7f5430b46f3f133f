-- Books a purchase that nobody waits for to the operator, once per prediction.
INSERT INTO ledger (generation_id, kind, ref, debit, credit, amount_nano_usd)
VALUES (%(id)s, 'loss', %(prediction_id)s, 'operator', 'loss', %(amount_nano_usd)s)
ON CONFLICT DO NOTHING
