"""Property tests find what is wrong, not what is slow on a busy machine."""

from __future__ import annotations

from effort import examples
from hypothesis import settings

settings.register_profile("mesh", deadline=None, max_examples=examples(60))
settings.load_profile("mesh")
