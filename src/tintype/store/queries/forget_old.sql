-- Deletes Idempotency-Keys and uploads whose day is over, answers that are too old to be joined, and webhooks that had
-- their effect a week ago. The files of uploads go with what else is unused.
WITH keys AS (DELETE FROM idempotency WHERE expires_at < now()),
answered AS (DELETE FROM answers WHERE asked_at < now() - interval '3 minutes'),
uploaded AS (DELETE FROM uploads WHERE expires_at < now()),
hooks AS (DELETE FROM inbox WHERE handled_at < now() - interval '7 days')
SELECT 1
