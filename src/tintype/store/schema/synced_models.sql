CREATE TABLE public.synced_models (
    upstream_id bigint NOT NULL,
    model text NOT NULL,
    version text,
    facts jsonb,
    synced_at timestamp with time zone DEFAULT now() NOT NULL
);
ALTER TABLE ONLY public.synced_models
    ADD CONSTRAINT synced_models_pkey PRIMARY KEY (upstream_id, model);
ALTER TABLE ONLY public.synced_models
    ADD CONSTRAINT synced_models_upstream_id_fkey FOREIGN KEY (upstream_id) REFERENCES public.upstreams(id);
