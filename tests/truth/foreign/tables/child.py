"""Read files in a process of their own, so that one that crashes, blocks or eats the memory costs itself only."""

import hashlib
import multiprocessing
import os
import sys
import time
import warnings
from dataclasses import asdict
from pathlib import Path

from truth.foreign.tables.outcome import Reading

MEMORY = 6 * 2**30  # bytes of address space of a child


def limit_memory():
    try:
        import resource
    except ImportError:  # not on Windows
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def digest(signals) -> str:
    """A fingerprint of all numbers of all signals."""
    sha = hashlib.sha256()
    for signal in signals:
        for name, variable in signal.variables.items():
            sha.update(name.encode() + repr(variable.values.shape).encode() + variable.values.tobytes())
    return sha.hexdigest()


def read(name: str, path: str, options: dict) -> Reading:
    """Read one file as the product's own code reads it, whatever comes of it."""
    from nacre.core import registry
    from nacre.core.errors import NacreError
    from nacre.readers.reading import read_with

    reader = registry.readers()[name]
    try:
        signals = read_with(reader, Path(path), reader.options(**options))
    except NacreError as error:
        return Reading("refused", message=str(error))
    except BaseException as error:
        return Reading("escape", message=f"{type(error).__name__}: {error}"[:500])
    rows = sum(max((v.values.size for v in signal.variables.values()), default=0) for signal in signals)
    notes = tuple(note.text for signal in signals for note in signal.notes)
    return Reading("read", rows, notes, digest=digest(signals))


def serve(pipe):
    """Read files until the parent goes away; answer with the reading and the processor's time it took."""
    limit_memory()
    warnings.simplefilter("ignore")
    sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115
    while True:
        try:
            job = pipe.recv()
        except EOFError:
            return
        start = time.process_time()
        outcome = read(*job)
        pipe.send((asdict(outcome), time.process_time() - start))


class Child:
    """A child process that is started again when it dies or is given up."""

    def __init__(self):
        self.process = None

    def start(self):
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=serve, args=(theirs,), daemon=True)
        self.process.start()
        theirs.close()

    def stop(self):
        if self.process is not None:
            self.process.kill()
            self.process.join()
            self.pipe.close()
            self.process = None

    def ask(self, name: str, path: Path, options: dict, clock: float, limit: float) -> Reading:
        """The reading of one file; 'hang' or 'died' where none came."""
        if self.process is None:
            self.start()
        self.pipe.send((name, str(path), options))
        try:
            if not self.pipe.poll(clock):
                self.stop()
                return Reading("hang", message=f"no answer in {clock:g} s")
            answer, spent = self.pipe.recv()
        except (EOFError, OSError):
            self.process.join()
            code = self.process.exitcode
            self.stop()
            return Reading("died", message=f"the process ended with {code}")
        if spent > limit:
            return Reading("hang", message=f"{spent:.1f} s of processor time")
        return Reading(**{**answer, "notes": tuple(answer["notes"])})
