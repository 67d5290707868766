"""Nacre: from the raw files of a cathode-coating study to answers, each with an uncertainty and a trail back.

>>> study = nacre.load("study.toml")
>>> outcome = nacre.run(study)
>>> page = nacre.write(outcome)
"""

from nacre.core.version import VERSION

__version__ = VERSION
__all__ = ["load", "run", "write"]


def __getattr__(name: str):
    # what needs numpy, polars and pydantic is imported when it is first asked for, so that `nacre --help` is quick
    if name == "load":
        from nacre.pipeline.loading.load import load

        return load
    if name == "run":
        from nacre.pipeline.running.run import run

        return run
    if name == "write":
        from nacre.api import write

        return write
    raise AttributeError(f"module 'nacre' has no attribute '{name}'")
