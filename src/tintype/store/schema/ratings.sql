CREATE TABLE public.ratings (
    generation_id text NOT NULL COLLATE pg_catalog."C",
    rating smallint NOT NULL,
    rated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ratings_rating_check CHECK (((rating >= 1) AND (rating <= 5)))
);
ALTER TABLE ONLY public.ratings
    ADD CONSTRAINT ratings_pkey PRIMARY KEY (generation_id);
ALTER TABLE ONLY public.ratings
    ADD CONSTRAINT ratings_generation_id_fkey FOREIGN KEY (generation_id) REFERENCES public.generations(id) ON DELETE CASCADE;
