CREATE UNLOGGED TABLE public.address_counts (
    address text NOT NULL,
    what text NOT NULL,
    window_start timestamp with time zone NOT NULL,
    count integer NOT NULL
)
WITH (fillfactor='50');
ALTER TABLE ONLY public.address_counts
    ADD CONSTRAINT address_counts_pkey PRIMARY KEY (address, what);
