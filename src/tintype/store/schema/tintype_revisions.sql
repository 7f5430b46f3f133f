CREATE TABLE public.tintype_revisions (
    revision text NOT NULL,
    oldest_code text NOT NULL,
    code text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);
ALTER TABLE ONLY public.tintype_revisions
    ADD CONSTRAINT tintype_revisions_pkey PRIMARY KEY (revision);
