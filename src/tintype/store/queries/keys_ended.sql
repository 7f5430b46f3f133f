-- Changes nothing; which of these keys count no more.
SELECT id FROM keys WHERE id = ANY(%(idents)s) AND (revoked_at IS NOT NULL OR expires_at <= now())
