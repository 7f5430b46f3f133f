"""One file per revision, named r0001_… onwards, each beside its SQL."""
