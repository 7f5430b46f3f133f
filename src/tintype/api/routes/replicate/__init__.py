"""`/replicate/v1/…`: Replicate's own API, so that its SDKs work with a key of ours. Also without `/v1`.

A module for each noun, as everywhere; `words` has what they share: the shape of errors, and bodies in it.
"""
