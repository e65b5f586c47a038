"""Hypothesis runs the same examples every time; ``HYPOTHESIS_PROFILE=explore`` draws new ones, ten times as many."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from dedup import kernels

settings.register_profile(
    "fixed", deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("explore", settings.get_profile("fixed"), derandomize=False, max_examples=1000)
settings.register_profile("sanitize", settings.get_profile("fixed"), max_examples=50)  # a build several times slower
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fixed"))


@pytest.fixture
def simd_levels() -> Iterator[range]:
    """Every level this processor has, the baseline first; the one in use before comes back afterwards."""
    before = kernels.simd_level()
    yield range(before + 1)
    kernels.set_simd_level(before)
