CREATE TABLE public.owners (
    owner text NOT NULL,
    virtual bigint DEFAULT 0 NOT NULL,
    weight integer DEFAULT 1 NOT NULL,
    CONSTRAINT owners_weight_check CHECK (((weight >= 1) AND (weight <= 1000)))
)
WITH (fillfactor='50');
ALTER TABLE ONLY public.owners
    ADD CONSTRAINT owners_pkey PRIMARY KEY (owner);
