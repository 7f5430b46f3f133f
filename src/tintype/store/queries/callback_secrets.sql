-- Changes nothing; the sealed secrets of a key that sign now, the newest first.
SELECT s.secret FROM callback_secrets AS s
WHERE s.key_id = %(key_id)s AND coalesce(s.retires_at, 'infinity') > now()
ORDER BY s.retires_at DESC NULLS FIRST, s.id DESC
