-- Writes down that a webhook has had its effect.
UPDATE inbox SET handled_at = now(), generation_id = %(generation_id)s WHERE webhook_id = %(webhook_id)s
