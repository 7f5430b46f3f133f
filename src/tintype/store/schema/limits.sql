CREATE TABLE public.limits (
    id bigint NOT NULL,
    scope text NOT NULL,
    subject text NOT NULL,
    measure text NOT NULL,
    period text NOT NULL,
    zone text DEFAULT 'UTC'::text NOT NULL,
    amount bigint NOT NULL,
    override_amount bigint,
    override_until timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT limits_amount_check CHECK ((amount >= 0)),
    CONSTRAINT limits_check CHECK (((scope = 'all'::text) = (subject = ''::text))),
    CONSTRAINT limits_check1 CHECK (((measure <> 'concurrent'::text) OR (period = 'total'::text))),
    CONSTRAINT limits_check2 CHECK (((override_amount IS NULL) = (override_until IS NULL))),
    CONSTRAINT limits_measure_check CHECK ((measure = ANY (ARRAY['money'::text, 'images'::text, 'video_seconds'::text, 'concurrent'::text, 'rate'::text]))),
    CONSTRAINT limits_override_amount_check CHECK ((override_amount >= 0)),
    CONSTRAINT limits_period_check CHECK ((period ~ '^(hour|day|week|month|total|[1-9][0-9]{0,7})$'::text)),
    CONSTRAINT limits_scope_check CHECK ((scope = ANY (ARRAY['all'::text, 'project'::text, 'key'::text, 'user'::text]))),
    CONSTRAINT limits_zone_check CHECK ((('2000-01-01 00:00:00'::timestamp without time zone AT TIME ZONE zone) IS NOT NULL))
);
ALTER TABLE public.limits ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.limits_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
ALTER TABLE ONLY public.limits
    ADD CONSTRAINT limits_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.limits
    ADD CONSTRAINT limits_scope_subject_measure_period_key UNIQUE (scope, subject, measure, period);
