"""What the tests of the controllers share: a profile, and objects in a line."""

from __future__ import annotations

import pytest

from kwake.profiles.load import load_profile
from kwake.profiles.profile import Profile


@pytest.fixture(scope="session")
def calico() -> Profile:
    """The default bundle."""
    return load_profile("calico")


@pytest.fixture(scope="session")
def flannel() -> Profile:
    """The bundle whose addresses come from host-local."""
    return load_profile("flannel")
