CREATE FUNCTION public.tintype_use_stored(p_id text, p_from text, p_at timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO outputs (
        generation_id, position, sha256, upstream_sha256, upstream_url, content_type, size_bytes, width, height,
        duration_ms, thumbnail_sha256, blurred, note
    )
    SELECT
        p_id, o.position, o.sha256, o.upstream_sha256, o.upstream_url, o.content_type, o.size_bytes, o.width,
        o.height, o.duration_ms, o.thumbnail_sha256, o.blurred, o.note
    FROM outputs AS o
    WHERE o.generation_id = p_from;
    INSERT INTO ledger (generation_id, kind, debit, credit, amount_nano_usd, at)
    SELECT p_id, 'saved', 'cache', 'saved', g.cost_nano_usd, p_at FROM generations AS g WHERE g.id = p_from;
END
$$;
