CREATE TABLE public.tintype_engine (
    migration text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);
ALTER TABLE ONLY public.tintype_engine
    ADD CONSTRAINT tintype_engine_pkey PRIMARY KEY (migration);
