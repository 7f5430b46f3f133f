-- Returns the number of an origin and account, which is the same for ever.
INSERT INTO upstreams AS u (origin, account, simulated)
VALUES (%(origin)s, %(account)s, %(simulated)s)
ON CONFLICT (origin, account) DO UPDATE SET origin = u.origin
RETURNING id
