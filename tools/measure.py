"""Print how readable src is: `python do.py measure [--room NAME] [--worst N] [--nouns] [--json] [--check]`.

For each room (a folder of src/nacre, or `nacre` for the files beside them) and for all:

    nested      comprehensions in comprehensions and conditional expressions in conditional expressions, per 1,000
                statements
    cognitive   points of cognitive complexity (tools/cognitive.py) per 100 lines
    verbs       per cent of functions whose name starts with a verb (of tools/verbs.txt, or in -ify or -ise) and
                is not `VERB_of...`; special methods and properties are left out
    ambiguous   per cent of class definitions whose name another class of src has too
    comments    lines with a comment, per 100 lines of code (lines that hold more than a comment or a docstring)
    documented  per cent of public functions whose docstring has the numpydoc sections that it needs: Parameters where
                there are any, Returns (or Yields) where something is given back, Raises where it raises; counted in
                nacre/*.py, in what these files import to offer it, and in nacre.physics

--nouns lists the functions that no verb starts, --worst N the functions with most points, --check ends with 1 where a
figure misses its bar, or a file has more than 500 lines.
"""

import argparse
import ast
import io
import json
import sys
import tokenize
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from cognitive import COMPREHENSIONS, FUNCTIONS, count_points

HERE = Path(__file__).resolve().parent
SOURCE = HERE.parent / "src" / "nacre"
VERBS = frozenset((HERE / "verbs.txt").read_text(encoding="utf-8").split())
BARS = {
    "nested": (0, 2),
    "cognitive": (0, 15),
    "verbs": (42, 100),
    "ambiguous": (0, 5),
    "comments": (3, 6),
    "documented": (100, 100),
}
LONGEST_FILE, LONG_FUNCTION = 500, 60
# tokens of a line that make it no line of code
LAYOUT = (tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER, tokenize.COMMENT)


@dataclass
class Function:
    """One function: where it is, its name, length and points."""

    place: str
    name: str
    lines: int
    points: int
    has_verb: bool


@dataclass
class Sums:
    """What is counted in a file; those of a room are added up."""

    lines: int = 0
    code: int = 0
    comments: int = 0
    statements: int = 0
    nested: int = 0
    points: int = 0
    public: int = 0
    documented: int = 0
    functions: list[Function] = field(default_factory=list)
    classes: list[str] = field(default_factory=list)
    files: list[tuple[int, str]] = field(default_factory=list)
    undocumented: list[str] = field(default_factory=list)

    def add(self, other):
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)


def starts_with_verb(name: str) -> bool:
    words = name.strip("_").lower().split("_")
    if words[1:2] == ["of"]:  # width_of, fit_of: the thing, not the deed
        return False
    return words[0] in VERBS or (words[0].endswith(("ify", "ise")) and len(words[0]) > 5)


def count_nested(tree: ast.AST) -> int:
    """Comprehensions within one, and conditional expressions within one."""
    total = 0
    for kind in (COMPREHENSIONS, (ast.IfExp,)):
        inner = {
            below
            for node in ast.walk(tree)
            if isinstance(node, kind)
            for below in ast.walk(node)
            if isinstance(below, kind) and below is not node
        }
        total += len(inner)
    return total


def count_lines(text: str, tree: ast.AST) -> tuple[int, int]:
    """(lines of code, lines with a comment)."""
    code, comments = set(), set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            comments.add(token.start[0])
        elif token.type not in LAYOUT:
            code.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, *FUNCTIONS)) and ast.get_docstring(node) is not None:
            code.difference_update(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    return len(code), len(comments)


def counts_as_named(node) -> bool:
    """Special methods have their names from Python; a property is read like a value, so a noun fits it."""
    special = node.name.startswith("__") and node.name.endswith("__")
    return not special and not is_property(node)


def is_property(node) -> bool:
    return any("property" in ast.unparse(mark) or ast.unparse(mark).endswith(".setter") for mark in node.decorator_list)


def own_nodes(function):
    """Nodes of a function without those of the functions and classes defined in it."""
    for node in function.body:
        yield from _walk_own(node)


def _walk_own(node):
    if isinstance(node, (*FUNCTIONS, ast.ClassDef, ast.Lambda)):
        return
    yield node
    for child in ast.iter_child_nodes(node):
        yield from _walk_own(child)


def needed_sections(function) -> set[str]:
    """The sections of numpydoc that the docstring of a function should have."""
    arguments = function.args
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    wanted = {"Parameters"} if any(a and a.arg not in ("self", "cls") for a in named) else set()
    for node in own_nodes(function):
        if isinstance(node, ast.Return) and node.value is not None and not is_none(node.value):
            wanted.add("Returns")
        if isinstance(node, ast.Yield | ast.YieldFrom):
            wanted.add("Yields")
        if isinstance(node, ast.Raise) and node.exc is not None:
            wanted.add("Raises")
    return wanted


def is_none(node) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def is_documented(function) -> bool:
    lines = (ast.get_docstring(function) or "").splitlines()
    found = {above for above, below in pairwise(lines) if below.strip("-") == "" and len(below) > 2}
    wanted = needed_sections(function)
    if "Yields" in wanted:
        wanted -= {"Returns"}
    return bool(lines) and wanted <= found


def public_functions(tree, offered):
    """Functions and methods without a leading underscore; `offered` is a set of names, or None for all."""
    for node in tree.body:
        if not hasattr(node, "name") or node.name.startswith("_"):
            continue
        if offered is not None and node.name not in offered:
            continue
        members = node.body if isinstance(node, ast.ClassDef) else [node]
        functions = (member for member in members if isinstance(member, FUNCTIONS))
        yield from (f for f in functions if not f.name.startswith("_") and not is_property(f))


def names_offered(source: Path) -> dict[str, set[str]]:
    """Names that nacre and nacre.plugin take from other files to offer them, by path of the file in src/nacre."""
    offered: dict[str, set[str]] = {}
    for file in (source / "__init__.py", source / "plugin.py"):
        tree = ast.parse(file.read_text(encoding="utf-8")) if file.exists() else ast.Module([], [])
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module:
                path = "/".join(node.module.split(".")[1:]) + ".py"
                offered.setdefault(path, set()).update(alias.name for alias in node.names)
    return offered


def measure_file(path: str, text: str, offered=frozenset()) -> Sums:
    """Counts of one file; `path` within src/nacre, `offered` the names in it that plugins import."""
    tree = ast.parse(text)
    code, comments = count_lines(text, tree)
    sums = Sums(lines=text.count("\n"), code=code, comments=comments, points=count_points(tree))
    sums.statements = sum(isinstance(node, ast.stmt) for node in ast.walk(tree))
    sums.nested = count_nested(tree)
    sums.files = [(sums.lines, path)]
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            sums.classes.append(node.name)
        if isinstance(node, FUNCTIONS) and counts_as_named(node):
            length = node.end_lineno - node.lineno + 1
            verb = starts_with_verb(node.name)
            sums.functions.append(Function(f"{path}:{node.lineno}", node.name, length, count_points(node), verb))
    everything = "/" not in path or path.startswith("physics/")
    public = list(public_functions(tree, None if everything else offered))
    sums.public = len(public)
    sums.undocumented = [f"{path}:{node.lineno} {node.name}" for node in public if not is_documented(node)]
    sums.documented = sums.public - len(sums.undocumented)
    return sums


def measure_tree(source: Path) -> dict[str, Sums]:
    """Counts of each room."""
    offered = names_offered(source)
    rooms: dict[str, Sums] = {}
    for file in sorted(source.rglob("*.py")):
        path = file.relative_to(source).as_posix()
        room = path.split("/")[0] if "/" in path else "nacre"
        sums = measure_file(path, file.read_text(encoding="utf-8"), offered.get(path, frozenset()))
        rooms.setdefault(room, Sums()).add(sums)
    return rooms


def add_up(rooms) -> Sums:
    total = Sums()
    for sums in rooms:
        total.add(sums)
    return total


def share(part, whole, scale=100):
    return scale * part / whole if whole else None


def figures(sums: Sums, uses: Counter) -> dict[str, float | None]:
    """The figures of a room, None where it holds nothing to count; `uses` says how many classes of src have a name."""
    return {
        "nested": share(sums.nested, sums.statements, 1000),
        "cognitive": share(sums.points, sums.lines),
        "verbs": share(sum(function.has_verb for function in sums.functions), len(sums.functions)),
        "ambiguous": share(sum(uses[name] > 1 for name in sums.classes), len(sums.classes)),
        "comments": share(sums.comments, sums.code),
        "documented": share(sums.documented, sums.public),
    }


def misses(values) -> list[str]:
    """Names of the figures outside their bars."""
    bars = ((name, *BARS[name]) for name in values)
    return [name for name, low, high in bars if values[name] is not None and not low <= values[name] <= high]


def print_table(table, sums):
    print(f"{'room':12}{'lines':>8}" + "".join(f"{name:>12}" for name in BARS))
    for room, values in table.items():
        missed = misses(values)
        marks = ("*" if name in missed else " " for name in values)
        texts = ("-" if value is None else f"{value:.1f}" for value in values.values())
        cells = "".join(f"{text:>11}{mark}" for text, mark in zip(texts, marks, strict=True))
        print(f"{room:12}{sums[room].lines:8}{cells}")
    bars = "".join(f"{f'{low}-{high}':>11} " for low, high in BARS.values())
    print(f"{'bar':12}{'':8}{bars} (* missed)")


def print_lists(sums, args, uses):
    print("\nlargest files: " + ", ".join(f"{path} {lines}" for lines, path in sorted(sums.files)[::-1][:5]))
    long = [f for f in sums.functions if f.lines > LONG_FUNCTION]
    print(f"functions over {LONG_FUNCTION} lines: {len(long)}")
    for function in sorted(long, key=lambda f: -f.lines):
        print(f"  {function.lines:4} lines  {function.place} {function.name}")
    if args.worst:
        print("\nmost points:")
        for function in sorted(sums.functions, key=lambda f: -f.points)[: args.worst]:
            print(f"  {function.points:4} in {function.lines:3} lines  {function.place} {function.name}")
        shared = sorted({name for name in sums.classes if uses[name] > 1})
        print("\nclass names of several classes: " + (", ".join(shared) or "none"))
        print(f"\nlacking sections of numpydoc ({len(sums.undocumented)}):")
        print("\n".join(f"  {line}" for line in sums.undocumented[: args.worst]))
    if args.nouns:
        print("\nno verb:")
        print("\n".join(f"  {f.place} {f.name}" for f in sums.functions if not f.has_verb))


def read_arguments(words):
    parser = argparse.ArgumentParser(prog="python do.py measure", description=__doc__.split("\n")[0])
    parser.add_argument("--room", help="this room alone")
    parser.add_argument("--worst", type=int, default=0, metavar="N", help="the N functions with most points, and more")
    parser.add_argument("--nouns", action="store_true", help="functions whose name no verb starts")
    parser.add_argument("--json", action="store_true", help="figures as JSON")
    parser.add_argument("--check", action="store_true", help="end with 1 where a figure misses its bar")
    return parser.parse_args(words)


def main(words=None, source=SOURCE) -> int:
    args = read_arguments(words)
    rooms = measure_tree(source)
    uses = Counter(name for room in rooms.values() for name in room.classes)
    if args.room and args.room not in rooms:
        sys.exit(f"measure: no room {args.room!r} in src/nacre; there are {', '.join(rooms)}")
    sums = {args.room: rooms[args.room]} if args.room else {**rooms, "all": add_up(rooms.values())}
    table = {room: figures(value, uses) for room, value in sums.items()}
    judged = args.room or "all"
    if args.json:
        print(json.dumps(table, indent=1))
    else:
        print_table(table, sums)
        print_lists(sums[judged], args, uses)
    large = [path for lines, path in sums[judged].files if lines > LONGEST_FILE]
    missed = misses(table[judged]) + large
    if args.check and missed:
        print(f"measure: {judged} misses the bar in {', '.join(missed)}", file=sys.stderr)
    return 1 if args.check and missed else 0


if __name__ == "__main__":
    sys.exit(main())
