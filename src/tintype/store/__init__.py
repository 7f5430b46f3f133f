"""Everything that Tintype keeps in PostgreSQL: the server it brings along, connections, SQL and schema.

Importing this package costs nothing; each module is imported where it is used.
"""
