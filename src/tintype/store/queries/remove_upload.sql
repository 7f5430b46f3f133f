-- Removes an upload of a key's; gives its hash.
DELETE FROM uploads WHERE id = %(id)s AND key_id = %(key_id)s RETURNING sha256
