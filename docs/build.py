"""Build the documentation into `site/`: the pages of this folder, and those made from the code. Checks every link.

python do.py docs
"""

import html
import inspect
import re
import shutil
import sys
import tomllib
from pathlib import Path

from markdown_it import MarkdownIt

from nacre.core import options, registry, vocabulary

HERE = Path(__file__).resolve().parent
SITE = HERE.parent / "site"
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title} - Nacre</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>
:root {{ color-scheme: light dark; }} body {{ font: 17px/1.55 system-ui, sans-serif; max-width: 46rem;
margin: 2rem auto; padding: 0 1rem; }} pre, code {{ font: 0.92em ui-monospace, monospace; }}
pre {{ overflow-x: auto; padding: 0.8rem;
background: color-mix(in srgb, currentColor 7%, transparent); }} table {{ border-collapse: collapse; display: block;
overflow-x: auto; }} th, td {{ text-align: left; vertical-align: top; padding: 0.3rem 0.7rem 0.3rem 0;
border-bottom: 1px solid color-mix(in srgb, currentColor 20%, transparent); }} nav {{ font-size: 0.9em; }}
</style></head><body><nav><a href="{up}index.html">Nacre</a></nav>{body}</body></html>
"""


def slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def render(text: str, up: str) -> tuple[str, str]:
    """(title, html) of a Markdown page; links to .md become links to .html, headings get anchors."""
    body = MarkdownIt("commonmark").enable("table").render(text)
    body = re.sub(r'href="(?!https?:)([^"#]*)\.md', r'href="\1.html', body)
    body = re.sub(r"<h([1-4])>(.*?)</h\1>", lambda m: f'<h{m[1]} id="{slug(m[2])}">{m[2]}</h{m[1]}>', body)
    title = re.search(r"^# (.+)$", text, re.MULTILINE)
    return (title[1] if title else "Nacre"), body


def formats_page() -> str:
    parts = ["# File formats\n", "What each reader takes, from its own specification.\n"]
    for reader in registry.readers().values():
        text = inspect.getdoc(sys.modules[reader.read.__module__]) or ""
        parts.append(f"## {reader.name}: {reader.words}\n\n```\n{text}\n```\n" + option_table(reader.options))
    return "\n".join(parts)


def option_table(kind: type) -> str:
    rows = options.table(kind)
    if not rows:
        return ""
    lines = ["| option | default | unit | what it does |", "|---|---|---|---|"]
    for row in rows:
        lines.append(f"| `{row['name']}` | `{row['default']}` | {row['unit']} | {row['help']} |")
    return "\n".join(lines) + "\n"


def options_page() -> str:
    parts = ["# Techniques and their options\n"]
    for technique in registry.techniques().values():
        cited = "".join(f"- {html.escape(text, quote=False)}\n" for text in technique.citations)
        how = "only where `[[analysis]]` asks for it" if technique.asked else "unasked"
        parts.append(f"## {technique.name}\n\n{technique.title} (takes {', '.join(technique.accepts)}; runs {how}).\n")
        parts.append(option_table(technique.options) + (f"\n{cited}" if cited else ""))
    return "\n".join(parts)


def words_page() -> str:
    parts = ["# Vocabulary\n"]
    for kind, title in (("quantity", "Quantities"), ("state", "States"), ("input", "Declared inputs")):
        parts.append(f"## {title}\n\n| name | unit | words | meaning |\n|---|---|---|---|")
        for name, word in sorted(vocabulary.words(kind).items()):
            parts.append(f"| `{name}` | {word.unit} | {word.words} | {word.meaning or word.where} |")
        parts.append("")
    return "\n".join(parts)


KINDS = {
    "truth": "known truth",
    "real": "real files",
    "published": "certified or published",
    "engine": "independent program",
    "control": "must fail",
}


def validation_page() -> str:
    """Every proof with its figure; one whose test is gone stops the build."""
    proofs = tomllib.loads((HERE / "validation.toml").read_text(encoding="utf-8"))["proof"]
    gone = sorted({row["test"] for row in proofs if not (HERE.parent / row["test"]).exists()})
    if gone:
        sys.exit(f"validation.toml names tests that are not there: {', '.join(gone)}")
    parts = [
        "# Validation\n",
        "Every proof with the figure that was measured. Coverage is that of nominal 95 % intervals over N simulated "
        "cases with seeds fixed beforehand; the test named keeps a smaller, fixed part of it.\n",
    ]
    for area in dict.fromkeys(row["area"] for row in proofs):
        parts.append(f"## {area}\n\n| what | against | found | N | kept by |\n|---|---|---|---|---|")
        for row in (row for row in proofs if row["area"] == area):
            n = row.get("n", "")
            parts.append(f"| {row['claim']} | {KINDS[row['kind']]} | {row['figure']} | {n} | `{row['test']}` |")
        parts.append("")
    return "\n".join(parts)


def pages() -> dict[str, str]:
    """All pages by their place in the site, as Markdown."""
    found = {
        str(p.relative_to(HERE).with_suffix("").as_posix()): p.read_text(encoding="utf-8") for p in HERE.rglob("*.md")
    }
    made = {"formats": formats_page(), "options": options_page(), "vocabulary": words_page()}
    made["validation"] = validation_page()
    return found | made


def check_links(built: dict[str, str]) -> list[str]:
    """Every link inside the site that leads nowhere."""
    broken = []
    for name, text in built.items():
        for target in re.findall(r'href="([^"]+)"', text):
            if re.match(r"[a-z]+:", target):
                continue
            file, _, anchor = target.partition("#")
            place = (SITE / name).parent / file if file else SITE / f"{name}.html"
            wanted = place.resolve().relative_to(SITE.resolve()).with_suffix("").as_posix() if place.exists() else None
            if wanted is None or (anchor and f'id="{anchor}"' not in built.get(wanted, "")):
                broken.append(f"{name}: {target}")
    return broken


def main() -> int:
    shutil.rmtree(SITE, ignore_errors=True)
    built = {}
    for name, text in pages().items():
        up = "../" * name.count("/")
        title, body = render(text, up)
        built[name] = PAGE.format(title=html.escape(title), body=body, up=up)
        path = SITE / f"{name}.html"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(built[name], encoding="utf-8")
    broken = check_links(built)
    for link in broken:
        print(f"broken link in {link}")
    print(f"{len(built)} pages in {SITE.name}/, {len(broken)} broken links")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
