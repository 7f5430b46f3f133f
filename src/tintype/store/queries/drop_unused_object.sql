-- Forgets an object that no row names and nobody has reserved. After lock_object, so that no row can be new.
DELETE FROM objects AS o
WHERE o.sha256 = %(sha256)s
    AND coalesce(o.reserved_until, '-infinity') < now()
    AND NOT EXISTS (SELECT FROM outputs WHERE sha256 = o.sha256)
    AND NOT EXISTS (SELECT FROM outputs WHERE thumbnail_sha256 = o.sha256)
    AND NOT EXISTS (SELECT FROM inputs WHERE sha256 = o.sha256)
    AND NOT EXISTS (SELECT FROM batch_files WHERE sha256 = o.sha256)
    AND NOT EXISTS (SELECT FROM uploads WHERE sha256 = o.sha256)
    AND NOT EXISTS (SELECT FROM orphan_outputs WHERE sha256 = o.sha256)
    AND NOT EXISTS (SELECT FROM films WHERE sha256 = o.sha256)
    AND NOT EXISTS (SELECT FROM films WHERE poster_sha256 = o.sha256)
