CREATE TYPE public.tintype_need AS (
	limit_id bigint,
	subject text,
	window_start timestamp with time zone,
	scope text,
	measure text,
	period text,
	zone text,
	amount bigint,
	asked bigint
);
