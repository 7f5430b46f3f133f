CREATE TABLE public.flights (
    cache_key text NOT NULL,
    leader_id text COLLATE pg_catalog."C",
    stored_id text COLLATE pg_catalog."C",
    changed_at timestamp with time zone DEFAULT now() NOT NULL
);
ALTER TABLE ONLY public.flights
    ADD CONSTRAINT flights_pkey PRIMARY KEY (cache_key);
