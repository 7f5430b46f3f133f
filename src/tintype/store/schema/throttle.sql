CREATE TABLE public.throttle (
    upstream_id bigint NOT NULL,
    lane text NOT NULL,
    ceiling_per_minute integer NOT NULL,
    permits_per_minute double precision NOT NULL,
    next_at timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL,
    lowered_at timestamp with time zone,
    paused_until timestamp with time zone,
    pause_s double precision DEFAULT 0 NOT NULL,
    pause_code text,
    CONSTRAINT throttle_ceiling_per_minute_check CHECK ((ceiling_per_minute > 0)),
    CONSTRAINT throttle_lane_check CHECK ((lane = ANY (ARRAY['creates'::text, 'calls'::text]))),
    CONSTRAINT throttle_permits_per_minute_check CHECK ((permits_per_minute > (0)::double precision))
)
WITH (fillfactor='50');
ALTER TABLE ONLY public.throttle
    ADD CONSTRAINT throttle_pkey PRIMARY KEY (upstream_id, lane);
ALTER TABLE ONLY public.throttle
    ADD CONSTRAINT throttle_upstream_id_fkey FOREIGN KEY (upstream_id) REFERENCES public.upstreams(id);
