CREATE FUNCTION public.tintype_film_due() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    PERFORM procrastinate_defer_jobs_v1(ARRAY[
        ('film', 'film', 0, NULL, NULL, tintype_origin(NEW.id) || jsonb_build_object('generation_id', f.order_id), NULL
        )::procrastinate_job_to_defer_v1
    ])
    FROM films AS f
    WHERE f.order_id = NEW.order_id AND f.state <> 'succeeded';
    RETURN NULL;
END
$$;
