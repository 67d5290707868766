"""Tables that stand beside each other in the same lines."""

from dataclasses import dataclass

from nacre.readers.sheets.row_blocks import RowBlock
from nacre.readers.text.cells import RawColumn


@dataclass
class RawPart:
    """A block, or the part of one that is a table of its own: its columns before they are read."""

    columns: list[RawColumn]
    block: RowBlock
    kept: list[int]
    place: str


def part_columns(block: RowBlock) -> list[RawPart]:
    """The tables that stand beside each other in a block."""
    columns = [list(column) for column in zip(*block.rows, strict=True)] if block.rows else []
    groups = _groups(block, columns)
    parts = []
    for k, group in enumerate(groups):
        kept = list(range(len(block.rows)))
        if len(groups) > 1:
            kept = [r for r in kept if any(columns[c][r] for c in group)]
        raws = []
        for c in group:
            heading = block.headings[c] if block.headings else ""
            unit = block.units[c].strip("[]() ") if block.units else ""
            raws.append(RawColumn(heading, unit, [columns[c][r] for r in kept] if len(groups) > 1 else columns[c]))
        parts.append(RawPart(raws, block, kept, "beside" if k else block.place))
    return parts


def _groups(block: RowBlock, columns: list[list[str]]) -> list[list[int]]:
    """Columns that belong together: an empty one without a name parts them, or headings that begin again."""
    empty = [not any(column) and not (block.headings and block.headings[c]) for c, column in enumerate(columns)]
    groups: list[list[int]] = [[]]
    for c in range(len(columns)):
        if not empty[c]:
            groups[-1].append(c)
        elif groups[-1] and c + 1 < len(columns) and not all(empty[c:]):
            groups.append([])
    groups = [group for group in groups if group]
    if len(groups) == 1 and block.headings:
        return _period(groups[0], [block.headings[c] for c in groups[0]])
    return groups


def _period(group: list[int], headings: list[str]) -> list[list[int]]:
    """A row of headings that is the same words two or more times over."""
    for size in range(2, len(group) // 2 + 1):
        parts = [headings[k : k + size] for k in range(0, len(group), size)]
        if len(group) % size == 0 and all(part == parts[0] for part in parts) and len(set(parts[0])) == size:
            return [group[k : k + size] for k in range(0, len(group), size)]
    return [group]
