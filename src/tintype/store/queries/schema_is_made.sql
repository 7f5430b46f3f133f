-- Changes nothing; tells whether any migration was run here.
SELECT to_regclass('tintype_revisions') IS NOT NULL AS is_made
