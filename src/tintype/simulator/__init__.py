"""A stateful stand-in for the API of replicate.com, for tests and for trying things out without an account."""
