-- Changes nothing; objects that no row names any more, those of interrupted deletions among them.
SELECT o.sha256 FROM objects AS o
WHERE coalesce(o.reserved_until, '-infinity') < now()
    AND NOT EXISTS (SELECT FROM outputs WHERE sha256 = o.sha256)
    AND NOT EXISTS (SELECT FROM outputs WHERE thumbnail_sha256 = o.sha256)
    AND NOT EXISTS (SELECT FROM inputs WHERE sha256 = o.sha256)
    AND NOT EXISTS (SELECT FROM batch_files WHERE sha256 = o.sha256)
    AND NOT EXISTS (SELECT FROM uploads WHERE sha256 = o.sha256)
    AND NOT EXISTS (SELECT FROM orphan_outputs WHERE sha256 = o.sha256)
    AND NOT EXISTS (SELECT FROM films WHERE sha256 = o.sha256)
    AND NOT EXISTS (SELECT FROM films WHERE poster_sha256 = o.sha256)
ORDER BY o.sha256
LIMIT %(at_most)s
