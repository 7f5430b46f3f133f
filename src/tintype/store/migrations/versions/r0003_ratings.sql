-- What owners say of what was made for them, from 1 to 5; the last word counts.
CREATE TABLE ratings (
    generation_id text COLLATE "C" PRIMARY KEY REFERENCES generations (id) ON DELETE CASCADE,
    rating smallint NOT NULL CHECK (rating BETWEEN 1 AND 5),
    rated_at timestamptz NOT NULL DEFAULT now()
);
