CREATE FUNCTION public.tintype_line_up(p_wanted public.tintype_wanted[], p_owner text, p_jobs bigint) RETURNS public.tintype_wanted[]
    LANGUAGE plpgsql
    AS $$
DECLARE
    v_next bigint;
    v_step integer;
BEGIN
    INSERT INTO owners AS o (owner, virtual, weight)
    SELECT p_owner, f.virtual_now + 1000 * p_jobs, 1 FROM fair AS f
    ON CONFLICT (owner) DO UPDATE
    SET virtual = greatest(o.virtual, excluded.virtual - 1000 * p_jobs) + p_jobs * (1000 / o.weight)
    RETURNING o.virtual - p_jobs * (1000 / o.weight), 1000 / o.weight INTO v_next, v_step;
    FOR i IN 1 .. cardinality(p_wanted) LOOP
        IF p_wanted[i].stored IS NULL THEN
            p_wanted[i].virtual_start := v_next;
            IF p_wanted[i].leader IS NULL THEN
                v_next := v_next + v_step;
            END IF;
        END IF;
    END LOOP;
    RETURN p_wanted;
END
$$;
