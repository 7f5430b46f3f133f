-- Changes nothing; whose an upload is, while it is there.
SELECT u.key_id, u.sha256 FROM uploads AS u WHERE u.id = %(id)s AND u.expires_at > now()
