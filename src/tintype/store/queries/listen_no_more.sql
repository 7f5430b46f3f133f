-- Leaves a connection as it was before it listened.
UNLISTEN *
