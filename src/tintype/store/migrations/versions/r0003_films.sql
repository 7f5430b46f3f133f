-- Films: orders whose clips are joined into one when the last of them has ended.

-- Made with its order, in the same transaction; a job ends it, once. One that was not made is made after all when what
-- failed of it was repeated.
CREATE TABLE films (
    order_id text COLLATE "C" PRIMARY KEY REFERENCES orders ON DELETE CASCADE,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'succeeded', 'failed', 'canceled')),
    failure_code text,
    failure_message text,
    sha256 text REFERENCES objects,
    content_type text,
    size_bytes bigint,
    width integer,
    height integer,
    duration_ms bigint,
    created_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    CHECK ((state = 'waiting') = (finished_at IS NULL)),
    CHECK (state = 'succeeded' OR sha256 IS NULL)
);
-- An object goes with its last row.
CREATE INDEX films_object ON films (sha256) WHERE sha256 IS NOT NULL;

CREATE FUNCTION tintype_film_asked()
RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO films (order_id) VALUES (NEW.id);
    RETURN NULL;
END
$$;
CREATE TRIGGER orders_film AFTER INSERT ON orders
FOR EACH ROW WHEN (NEW.kind = 'film')
EXECUTE FUNCTION tintype_film_asked();

-- Each clip that ends defers the job: of clips that end at the same time none need see the other's end, and the
-- job that comes last sees all of them.
CREATE FUNCTION tintype_film_due()
RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM procrastinate_defer_jobs_v1(ARRAY[
        ('film', 'film', 0, NULL, NULL, jsonb_build_object('generation_id', f.order_id), NULL
        )::procrastinate_job_to_defer_v1
    ])
    FROM films AS f
    WHERE f.order_id = NEW.order_id AND f.state <> 'succeeded';
    RETURN NULL;
END
$$;
CREATE TRIGGER generations_film AFTER UPDATE ON generations
FOR EACH ROW WHEN (NEW.order_id IS NOT NULL AND OLD.finished_at IS NULL AND NEW.finished_at IS NOT NULL)
EXECUTE FUNCTION tintype_film_due();
-- A clip may be answered from the store when it is admitted.
CREATE TRIGGER generations_film_stored AFTER INSERT ON generations
FOR EACH ROW WHEN (NEW.order_id IS NOT NULL AND NEW.finished_at IS NOT NULL)
EXECUTE FUNCTION tintype_film_due();

-- A callback may say something of its own, in place of what became of its generation; then its event is number 0.
ALTER TABLE deliveries ADD COLUMN body jsonb;
