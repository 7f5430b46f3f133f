-- Changes nothing; whether a key was ever made.
SELECT EXISTS (SELECT FROM key_secrets)
