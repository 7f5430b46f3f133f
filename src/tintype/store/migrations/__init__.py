"""The schema, step by step. Each revision under `versions/` is SQL and the oldest code that works after it.

Run in a process of its own: `python -m tintype.store.migrations`, with the URL on its standard input.
"""
