-- Takes in a webhook; one that came before is left as it is.
INSERT INTO inbox (webhook_id, token, prediction_id, body)
VALUES (%(webhook_id)s, %(token)s, %(prediction_id)s, %(body)s)
ON CONFLICT (webhook_id) DO NOTHING
