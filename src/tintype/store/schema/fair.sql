CREATE TABLE public.fair (
    only_row boolean DEFAULT true NOT NULL,
    virtual_now bigint DEFAULT 0 NOT NULL,
    base bigint DEFAULT 0 NOT NULL,
    CONSTRAINT fair_only_row_check CHECK (only_row)
)
WITH (fillfactor='50');
ALTER TABLE ONLY public.fair
    ADD CONSTRAINT fair_pkey PRIMARY KEY (only_row);
