"""How long and how patiently outputs are tried."""

from __future__ import annotations

from random import Random

from tintype.domain import keeping


def test_only_the_last_try_of_a_job_takes_what_it_gets() -> None:
    """A dripping connection is left for another; a host that is slow for ever still delivers."""
    tries = [0]
    while keeping.pause_s(tries[-1] + 1, Random(0)) is not None:
        tries.append(tries[-1] + 1)

    assert [keeping.is_last_try(one) for one in tries] == [False] * (len(tries) - 1) + [True]
    assert len(tries) > 2
