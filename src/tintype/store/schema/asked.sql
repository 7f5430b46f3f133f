CREATE TABLE public.asked (
    generation_id text NOT NULL COLLATE pg_catalog."C",
    dialect text NOT NULL,
    facts jsonb DEFAULT '{}'::jsonb NOT NULL
);
ALTER TABLE ONLY public.asked
    ADD CONSTRAINT asked_pkey PRIMARY KEY (generation_id);
