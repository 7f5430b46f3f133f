-- Deletes Idempotency-Keys whose day is over, and webhooks that had their effect a week ago.
WITH keys AS (DELETE FROM idempotency WHERE expires_at < now()),
hooks AS (DELETE FROM inbox WHERE handled_at < now() - interval '7 days')
SELECT 1
