CREATE TABLE public.sealed_with (
    only_row boolean DEFAULT true NOT NULL,
    mark bytea NOT NULL,
    CONSTRAINT sealed_with_only_row_check CHECK (only_row)
);
ALTER TABLE ONLY public.sealed_with
    ADD CONSTRAINT sealed_with_pkey PRIMARY KEY (only_row);
