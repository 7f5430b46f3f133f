CREATE TYPE public.tintype_chain AS (
	key_id text,
	end_user text,
	project text,
	needs public.tintype_need[]
);
