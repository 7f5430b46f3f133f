"""Tintype in one's own process: the durable core with its database, worker and, without a token, its simulator."""
