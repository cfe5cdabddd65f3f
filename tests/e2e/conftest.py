"""Fixtures: `gateway` is stopped and judged after each test; `origins` closes what a test opened."""

import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))

import harness  # noqa: E402


@pytest.fixture
def gateway():
    instance = harness.Gateway()
    yield instance
    instance.stop()


@pytest.fixture
def origins():
    """Makes origins: origins(answer, name=...), origins.raw(serve), origins.echo(name)."""

    class Factory:
        def __init__(self):
            self.all = []

        def __call__(self, answer=None, name=""):
            return self._keep(harness.Origin(answer, name))

        def raw(self, serve=None):
            return self._keep(harness.RawOrigin(serve))

        def echo(self, name="echo"):
            return self._keep(harness.Echo(name))

        def _keep(self, origin):
            self.all.append(origin)
            return origin

    factory = Factory()
    yield factory
    for origin in factory.all:
        origin.close()
