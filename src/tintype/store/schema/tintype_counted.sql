CREATE FUNCTION public.tintype_counted(p_measure text, p_cost bigint, p_images bigint, p_video_ms bigint) RETURNS bigint
    LANGUAGE sql IMMUTABLE
    AS $$
    SELECT CASE p_measure
        WHEN 'money' THEN p_cost
        WHEN 'images' THEN coalesce(p_images, 0)
        WHEN 'video_seconds' THEN coalesce(p_video_ms, 0)
        ELSE 0
    END
$$;
