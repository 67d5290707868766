"""Damage files in known ways and see what every reader makes of them.

For each reader: files of its own (from the folder NACRE_REALDATA where it is set, from the reference study, and small
ones made by the tests' own writers) are mutated one change at a time and read in a child process, with a limit of time
per file. The outcome of each is judged as `tests/truth/foreign/tables/outcome.py` says; those from "silent line" on are
faults. A file that kills or blocks the child costs that file only.

Usage: fuzz.py [--reader NAME]... [--count N] [--seed S] [--json] [--keep FOLDER] [--budget SECONDS]
With --json every file is one line of JSON, and the table goes to the error stream. --keep saves the files that made a
fault. Exit 1 where there was a fault.
"""

import argparse
import io
import json
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
sys.path[:1] = [str(HERE / "src"), str(HERE / "tests")]  # this folder's names would hide those of the tests

from truth.foreign.tables.child import Child  # noqa: E402
from truth.foreign.tables.mutate import BINARY, TEXT, is_text, mutate  # noqa: E402
from truth.foreign.tables.outcome import BAD, OUTCOMES, Reading, judge  # noqa: E402
from truth.foreign.tables.reading import READER, options_for  # noqa: E402
from truth.foreign.tables.writer import KINDS, draw_plain  # noqa: E402

LIMIT = 5.0  # seconds of the processor's time for one file
PATIENCE = 20.0  # seconds of the clock after which a child is given up: another process may hold the processor
FIRST = 120.0  # seconds for the undamaged file: libraries are loaded and compiled there
LARGEST, LARGEST_BINARY = 300_000, 2_000_000  # bytes of a file to start from
SEEDS, TRIED = 8, 40  # how many of them, out of how many


@dataclass(frozen=True)
class Seed:
    """A sound file of one reader and the options that it needs."""

    name: str
    data: bytes
    options: dict = field(default_factory=dict)


# ---------------------------------------------------------------------------------------------- files to start from


def found_files() -> list[Path]:
    """Real files where they are, then those of the reference study. Files that are odd already are no start."""
    folders = [Path(os.environ["NACRE_REALDATA"])] if os.environ.get("NACRE_REALDATA") else []
    folders.append(HERE / "studies" / "lho-ncm85" / "raw")
    files = [path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()]
    words = {"README", "README.md", "LICENSE"}
    return [p for p in files if p.name not in words and p.suffix != ".toml" and "cases" not in p.parts]


def small(path: Path) -> bytes:
    """A file's bytes; of a long text its beginning, to the end of a line. Empty where it is binary and long."""
    data = path.read_bytes()
    if not is_text(data):
        return data if len(data) <= LARGEST_BINARY else b""
    return data if len(data) <= LARGEST else data[: data.rfind(b"\n", 0, LARGEST) + 1]


def written_seeds(name: str) -> list[Seed]:
    """Plain files that the tests' writer made for this reader."""
    kinds = [kind for kind in KINDS if READER[kind] == name]
    draws = [(f"{kind}-{seed}", draw_plain(seed, kind)) for kind in kinds for seed in range(SEEDS // 2)]
    return [Seed(f"{label}{draw.suffix}", draw.data, options_for(draw)) for label, draw in draws]


def map_seeds() -> list[Seed]:
    """Two element maps on two pages, of small and of large pixels."""
    import numpy as np
    import tifffile

    made, options = [], {"elements": ("Hf La1", "Ni Ka1"), "pixel_size": 0.05}
    for side in (24, 64):
        buffer = io.BytesIO()
        pages = np.random.default_rng(side).poisson(40.0, (2, side, side)).astype(np.uint16)
        tifffile.imwrite(buffer, pages, photometric="minisblack")
        made.append(Seed(f"map-{side}.tif", buffer.getvalue(), options))
    return made


def sort_files(known: dict) -> dict[str, list[Path]]:
    """The files of each reader: those it takes before all others, else those that bear its suffix."""
    from nacre.core import registry
    from nacre.core.errors import NacreError

    files, taken = found_files(), {name: [] for name in known}
    for path in files:
        try:
            fits = registry.sniff(path, known.values())
        except NacreError:
            continue
        if fits:
            taken[fits[0][1].name].append(path)
    for name, paths in taken.items():
        if not paths:
            paths += [path for path in files if path.suffix.lower() in known[name].suffixes]
    return taken


def starts(name: str, paths: list[Path], rng: random.Random):
    """Files to start from, one by one: those written here, then those found."""
    rng.shuffle(paths)
    yield from map_seeds() if name == "element_map" else written_seeds(name)
    yield from (Seed(path.name, data) for path in paths[:TRIED] if (data := small(path)))


def sound_seeds(name: str, seeds: Iterable[Seed], child: Child, folder: Path):
    """Up to SEEDS files that the reader reads undamaged, each with that reading."""
    sound = []
    for seed in seeds:
        if len(sound) >= SEEDS:
            break
        before = child.ask(name, put(folder, seed.name, seed.data), seed.options, FIRST, FIRST)
        if before.status == "read" and before.rows:
            sound.append((seed, before))
    return sound


def put(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


# ---------------------------------------------------------------------------------------------- trying


def try_reader(name: str, paths: list[Path], args, tell) -> Counter:
    """Mutate and judge `count` files of one reader; `tell` gets a record of each."""
    rng, child, tally = random.Random(f"{args.seed}-{name}"), Child(), Counter()
    end = time.monotonic() + args.budget
    with tempfile.TemporaryDirectory() as folder:
        seeds = sound_seeds(name, starts(name, paths, rng), child, Path(folder))
        for k in range(args.count if seeds else 0):
            if time.monotonic() > end:
                break
            seed, before = seeds[k % len(seeds)]
            record = try_one(name, seed, before, child, Path(folder), f"{args.seed}-{name}-{k}", args.keep)
            tally[record["outcome"]] += 1
            tell({"reader": name, "n": k, **record})
    child.stop()
    return tally


def try_one(name, seed: Seed, before: Reading, child: Child, folder: Path, draw: str, keep) -> dict:
    data, change = mutate(seed.data, random.Random(draw))
    path = put(folder, seed.name, data)
    after = child.ask(name, path, seed.options, PATIENCE, LIMIT)
    lines = max(1, len(seed.data.splitlines())) if is_text(seed.data) else 0
    outcome = judge(change, before, after, lines)
    if keep and outcome in BAD:
        keep.mkdir(parents=True, exist_ok=True)
        put(keep, f"{draw}-{seed.name}", data)
    rows = {"rows_before": before.rows, "rows": after.rows}
    return {"file": seed.name, "change": change.name, "what": change.what, "outcome": outcome, **rows} | {
        "message": after.message[:300]
    }


# ---------------------------------------------------------------------------------------------- the table


def print_table(tallies: dict[str, Counter], stream) -> None:
    print(f"{'reader':<20}{'files':>6}  " + "".join(f"{word:>14}" for word in OUTCOMES), file=stream)
    total = Counter()
    for name, tally in tallies.items():
        total += tally
        print_row(name, tally, stream)
    print_row("all", total, stream)


def print_row(name: str, tally: Counter, stream) -> None:
    n = sum(tally.values())
    cells = "".join(f"{tally[word] or '-':>14}" for word in OUTCOMES)
    print(f"{name:<20}{n:>6}  {cells if n else 'no sound file to start from'}", file=stream)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--reader", action="append", help="a reader by name; may be given several times; else all")
    parser.add_argument("--count", type=int, default=100, help="damaged files per reader")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="one line of JSON per damaged file")
    parser.add_argument("--keep", type=Path, help="save files that made a fault here")
    parser.add_argument("--budget", type=float, default=600.0, help="seconds per reader at most")
    return parser.parse_args()


def main() -> int:
    from nacre.core import registry

    args, known = parse(), registry.readers()
    chosen = args.reader or list(known)
    if strangers := set(chosen) - set(known):
        sys.exit(f"no reader is named {', '.join(sorted(strangers))}; known: {', '.join(known)}")
    files, stream, tallies = sort_files(known), sys.stderr if args.json else sys.stdout, {}
    for name in chosen:

        def tell(record):
            if args.json:
                print(json.dumps(record, ensure_ascii=False), flush=True)

        tallies[name] = try_reader(name, files[name], args, tell)
        print_row(name, tallies[name], sys.stderr)
    print(f"\nmutations: {len(TEXT)} of text, {len(BINARY)} of binary files; seed {args.seed}", file=stream)
    print_table(tallies, stream)
    return 1 if any(tally[word] for tally in tallies.values() for word in BAD) else 0


if __name__ == "__main__":
    sys.exit(main())
