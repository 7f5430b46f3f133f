CREATE FUNCTION public.tintype_priority(p_virtual_start bigint, p_base bigint) RETURNS integer
    LANGUAGE sql IMMUTABLE
    AS $$
    SELECT greatest(least(p_base - p_virtual_start, 2147483647), -2147483647)::integer
$$;
