-- Puts a stored file into the input of a step that still waits for it; no row when it was taken before.
WITH taken AS (
    UPDATE generations AS g
    SET input = g.input || jsonb_build_object(%(field)s::text, 'tintype:sha256:' || %(sha256)s::text)
    WHERE g.id = %(id)s AND g.state = 'queued' AND g.input ->> %(field)s = %(waits)s
    RETURNING g.id
)
INSERT INTO inputs (generation_id, field, position, sha256)
SELECT t.id, %(field)s, 0, %(sha256)s FROM taken AS t
