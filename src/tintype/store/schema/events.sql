CREATE TABLE public.events (
    generation_id text NOT NULL COLLATE pg_catalog."C",
    number integer NOT NULL,
    kind text DEFAULT 'state'::text NOT NULL,
    state text NOT NULL,
    body jsonb DEFAULT '{}'::jsonb NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL
);
ALTER TABLE ONLY public.events
    ADD CONSTRAINT events_pkey PRIMARY KEY (generation_id, number);
CREATE INDEX events_feed ON public.events USING btree (xid, generation_id, number);
CREATE TRIGGER events_owe AFTER INSERT ON public.events FOR EACH ROW WHEN ((new.state = ANY (ARRAY['succeeded'::text, 'failed'::text, 'canceled'::text, 'aborted'::text]))) EXECUTE FUNCTION public.tintype_owe();
