"""A client for Replicate's API, sync and async, written once.

`wire` builds requests and reads replies, `policy` says what may be repeated, `calling` and `waiting` are the
two conversations as generators, and `client` and `aio` drive them over httpx2. Of the rest of Tintype it
knows only the error tree and money.
"""
