CREATE FUNCTION public.tintype_film_asked() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO films (order_id) VALUES (NEW.id);
    RETURN NULL;
END
$$;
