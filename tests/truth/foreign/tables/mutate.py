"""Damage a file in one way and say what was done, so that a judge knows how many rows are still in it.

`mutate(data, rng)` chooses by kind: text by lines, binary by bytes. A `Change` tells `gone` (lines taken out),
`touched` (lines made unlike themselves, which a reader may leave out if it says so), and `share`, the part of a binary
file that is left.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass

BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
JUNK = ("*** paused ***", "Overload", "\x1a", "- - - -", "=== 2 of 3 ===", "ERROR 17: contact; retry, wait", '"', "1")
WORDS = ("Overload", "NaN", "-1.#IND00", "", "n/a", "<0.01", "---", "#DIV/0!", "1,234,567.8", "∞", "9" * 400)


@dataclass(frozen=True)
class Change:
    """What was done. `doubled`: the whole file stands twice. `zeroed`: bytes at the end that are now 0."""

    name: str
    what: str
    gone: int = 0
    touched: int = 0
    doubled: bool = False
    zeroed: int = 0
    share: float = 1.0


def is_text(data: bytes) -> bool:
    """Whether a file is text: no zero bytes but those of UTF-16."""
    return data[:2] in BOMS[1:] or b"\0" not in data[:8192]


def mutate(data: bytes, rng: random.Random) -> tuple[bytes, Change]:
    """One change of one file."""
    if is_text(data) or len(data) < 8:
        name = rng.choice(tuple(TEXT))
        return TEXT[name](data, rng)
    name = rng.choice(tuple(BINARY))
    return BINARY[name](data, rng)


# ------------------------------------------------------------------------------------------------- text


def split(data: bytes) -> tuple[list[bytes], bytes]:
    """Lines without their ends, and the end that they have."""
    if data[:2] in BOMS[1:]:
        return data.split(b"\n"), b"\n"
    end = next((end for end in (b"\r\r\n", b"\r\n", b"\n", b"\r") if end in data), b"\n")
    return data.split(end), end


def pick(lines: list[bytes], rng: random.Random) -> int:
    """A line with something in it; mostly below the head."""
    filled = [i for i, line in enumerate(lines) if line.strip(b" \t\0")] or [0]
    late = [i for i in filled if i > len(lines) // 5]
    return rng.choice(late if late and rng.random() < 0.8 else filled)


def flip(data: bytes, rng: random.Random) -> tuple[bytes, Change]:
    out, n = bytearray(data), rng.choice((1, 1, 3, 20))
    for _ in range(n):
        out[rng.randrange(len(out))] ^= 1 << rng.randrange(8)
    return bytes(out), Change("flipped bytes", f"{n} bits", touched=2 * n)


def delete_line(data: bytes, rng: random.Random) -> tuple[bytes, Change]:
    lines, end = split(data)
    i = pick(lines, rng)
    return end.join(lines[:i] + lines[i + 1 :]), Change("deleted line", f"line {i + 1}", gone=1)


def double_line(data: bytes, rng: random.Random) -> tuple[bytes, Change]:
    lines, end = split(data)
    i = pick(lines, rng)
    return end.join(lines[: i + 1] + lines[i:]), Change("doubled line", f"line {i + 1}")


def swap_lines(data: bytes, rng: random.Random) -> tuple[bytes, Change]:
    lines, end = split(data)
    i, j = pick(lines, rng), pick(lines, rng)
    lines[i], lines[j] = lines[j], lines[i]
    return end.join(lines), Change("swapped lines", f"lines {i + 1} and {j + 1}")


def cut(data: bytes, rng: random.Random) -> tuple[bytes, Change]:
    place = rng.randrange(max(1, len(data) // 20), len(data)) if len(data) > 1 else 1
    _, end = split(data)
    gone = data[place:].count(end) + 1
    return data[:place], Change("cut", f"at byte {place} of {len(data)}", gone=gone, touched=1)


def insert_junk(data: bytes, rng: random.Random) -> tuple[bytes, Change]:
    lines, end = split(data)
    i, junk = pick(lines, rng), rng.choice(JUNK)
    return end.join([*lines[:i], junk.encode(), *lines[i:]]), Change("inserted junk", f"{junk!r} before line {i + 1}")


def other_separator(data: bytes, rng: random.Random) -> tuple[bytes, Change]:
    lines, end = split(data)
    i = pick(lines, rng)
    found = next((mark for mark in (b"\t", b";", b",", b" ") if mark in lines[i]), b" ")
    other = rng.choice([mark for mark in (b"\t", b";", b",", b"|") if mark != found])
    lines[i] = lines[i].replace(found, other)
    return end.join(lines), Change("other separator", f"{found!r} to {other!r} in line {i + 1}", touched=1)


def word_in_cell(data: bytes, rng: random.Random) -> tuple[bytes, Change]:
    lines, end = split(data)
    i, word = pick(lines, rng), rng.choice(WORDS)
    found = next((mark for mark in (b"\t", b";", b",", b" ") if mark in lines[i].strip()), b"\t")
    cells = lines[i].split(found)
    c = rng.randrange(len(cells))
    cells[c] = word.encode()
    lines[i] = found.join(cells)
    return end.join(lines), Change("word in a cell", f"{word[:20]!r} in cell {c + 1} of line {i + 1}", touched=1)


def add_bom(data: bytes, rng: random.Random) -> tuple[bytes, Change]:
    mark = rng.choice(BOMS)
    return mark + data, Change("added mark", mark.hex())


def other_ends(data: bytes, rng: random.Random) -> tuple[bytes, Change]:
    lines, end = split(data)
    other = rng.choice([e for e in (b"\n", b"\r\n", b"\r", b"\r\r\n") if e != end])
    return other.join(lines), Change("other line ends", f"{end!r} to {other!r}")


def put_nul(data: bytes, rng: random.Random) -> tuple[bytes, Change]:
    out, n = data, rng.choice((1, 3, 200))
    place = rng.randrange(len(data) + 1)
    return out[:place] + bytes(n) + out[place:], Change("zero bytes", f"{n} at byte {place}", touched=1)


def double_head(data: bytes, rng: random.Random) -> tuple[bytes, Change]:
    lines, end = split(data)
    n = rng.randint(1, min(5, len(lines)))
    return end.join(lines[:n] + lines), Change("doubled head", f"the first {n} lines twice")


def twice(data: bytes, rng: random.Random) -> tuple[bytes, Change]:
    _, end = split(data)
    between = b"" if data.endswith(end) else end
    return data + between + data, Change("two files in one", "the file after itself", doubled=True)


# ------------------------------------------------------------------------------------------------- binary


def zero_tail(data: bytes, rng: random.Random) -> tuple[bytes, Change]:
    n = rng.randint(1, max(1, int(0.7 * len(data))))
    return data[:-n] + bytes(n), Change("zero-filled tail", f"{n} of {len(data)} bytes", zeroed=n)


def cut_binary(data: bytes, rng: random.Random) -> tuple[bytes, Change]:
    place = rng.choice((rng.randrange(1, len(data)), len(data) - rng.randint(1, min(64, len(data) - 1))))
    return data[:place], Change("cut", f"at byte {place} of {len(data)}", share=place / len(data))


def flip_binary(data: bytes, rng: random.Random) -> tuple[bytes, Change]:
    out, n = bytearray(data), rng.choice((1, 4, 32))
    last = min(len(out), 4096) if rng.random() < 0.5 else len(out)
    for _ in range(n):
        out[rng.randrange(last)] = rng.randrange(256)
    return bytes(out), Change("flipped bytes", f"{n} of the first {last}")


def other_counts(data: bytes, rng: random.Random) -> tuple[bytes, Change]:
    """Write an odd number over two or four bytes of the head that are small: there stand counts and sizes."""
    out, size = bytearray(data), rng.choice((2, 4))
    places = [
        i for i in range(0, min(len(data), 8192) - size, 2) if 0 < int.from_bytes(data[i : i + size], "little") < 10**5
    ]
    place = rng.choice(places or [0])
    old = int.from_bytes(data[place : place + size], "little")
    new = rng.choice((0, 1, old + 1, 2 * old, 256**size - 1, 2 ** (8 * size - 1) - 1)) % 256**size
    out[place : place + size] = new.to_bytes(size, "little")
    return bytes(out[: len(data)]), Change("other count", f"{old} to {new} at byte {place}")


def insert_bytes(data: bytes, rng: random.Random) -> tuple[bytes, Change]:
    place, n = rng.randrange(len(data)), rng.choice((1, 2, 512))
    return data[:place] + rng.randbytes(n) + data[place:], Change("inserted bytes", f"{n} at byte {place}")


Mutation = Callable[[bytes, random.Random], tuple[bytes, Change]]
TEXT: dict[str, Mutation] = {
    "flip": flip,
    "delete": delete_line,
    "double": double_line,
    "swap": swap_lines,
    "cut": cut,
    "junk": insert_junk,
    "separator": other_separator,
    "word": word_in_cell,
    "mark": add_bom,
    "ends": other_ends,
    "nul": put_nul,
    "head": double_head,
    "twice": twice,
}
BINARY: dict[str, Mutation] = {
    "tail": zero_tail,
    "cut": cut_binary,
    "flip": flip_binary,
    "count": other_counts,
    "insert": insert_bytes,
}
