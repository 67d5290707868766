"""What holds for every test: no network, and a realdata test never skips where the files are there."""

import os
import socket
from pathlib import Path

import pytest

REALDATA = os.environ.get("NACRE_REALDATA", "")


@pytest.fixture(scope="session")
def realdata() -> Path:
    """The folder of real instrument files (tests that use it carry the mark `realdata`)."""
    return Path(REALDATA).resolve()


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    def refuse(self, address, *args):
        if self.family != getattr(socket, "AF_UNIX", None):
            raise RuntimeError(f"a test tried to reach the network: {address}")
        return connect(self, address, *args)

    connect = socket.socket.connect
    monkeypatch.setattr(socket.socket, "connect", refuse)


def pytest_collection_modifyitems(items):
    for item in items:
        if item.get_closest_marker("realdata") and not REALDATA:
            item.add_marker(pytest.mark.skip(reason="NACRE_REALDATA is not set"))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if REALDATA and report.skipped and item.get_closest_marker("realdata"):
        report.outcome = "failed"
        why = call.excinfo and call.excinfo.value
        report.longrepr = f"{item.nodeid}: skipped although NACRE_REALDATA is set: {why}"
