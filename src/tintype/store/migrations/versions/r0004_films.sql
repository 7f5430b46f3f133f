-- The poster of a film: its first frame as a picture.
ALTER TABLE films ADD COLUMN poster_sha256 text REFERENCES objects;
CREATE INDEX films_poster ON films (poster_sha256) WHERE poster_sha256 IS NOT NULL;
