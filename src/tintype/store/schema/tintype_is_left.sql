CREATE FUNCTION public.tintype_is_left(p_holder integer) RETURNS boolean
    LANGUAGE sql
    AS $$
    SELECT p_holder IS NULL OR pg_try_advisory_xact_lock_shared(1953066615, p_holder)
$$;
