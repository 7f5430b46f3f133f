CREATE TABLE public.model_versions (
    upstream_id bigint NOT NULL,
    id text NOT NULL,
    model text NOT NULL,
    facts jsonb,
    seen_at timestamp with time zone DEFAULT now() NOT NULL
);
ALTER TABLE ONLY public.model_versions
    ADD CONSTRAINT model_versions_pkey PRIMARY KEY (upstream_id, id);
ALTER TABLE ONLY public.model_versions
    ADD CONSTRAINT model_versions_upstream_id_fkey FOREIGN KEY (upstream_id) REFERENCES public.upstreams(id);
