-- Changes nothing; the book's lines of a generation, oldest first.
SELECT generation_id, kind, ref, debit, credit, amount_nano_usd, at
FROM ledger
WHERE generation_id = %(id)s
ORDER BY at, kind, ref
