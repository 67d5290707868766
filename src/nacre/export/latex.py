"""Tables as LaTeX source (booktabs), to be put into a manuscript with \\input."""

import re

from nacre.core.display.comparison_tables import ComparisonTable

_SPECIAL = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"$<$", ">": r"$>$", "|": r"$|$",
    "−": r"$-$", "–": "--", "×": r"$\times$", "·": r"$\cdot$", "Ω": r"$\Omega$", "µ": r"$\mu$", "μ": r"$\mu$",
    "°": r"$^{\circ}$", "Å": r"\AA{}", "≥": r"$\geq$", "≤": r"$\leq$", "±": r"$\pm$", "Δ": r"$\Delta$",
    "θ": r"$\theta$", "α": r"$\alpha$", "β": r"$\beta$", "σ": r"$\sigma$",
}  # fmt: skip
_DOWN = dict(zip("₀₁₂₃₄₅₆₇₈₉", "0123456789", strict=True))
_UP = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-", strict=True))


def escape(text: str) -> str:
    """Text in LaTeX's spelling; letters of other alphabets stay (UTF-8)."""
    text = "".join(_SPECIAL.get(letter, letter) for letter in text)
    text = re.sub(f"[{''.join(_DOWN)}]+", lambda m: f"$_{{{''.join(_DOWN[c] for c in m[0])}}}$", text)
    return re.sub(f"[{''.join(_UP)}]+", lambda m: f"$^{{{''.join(_UP[c] for c in m[0])}}}$", text)


def table(made: ComparisonTable) -> str:
    """One floating table; needs \\usepackage{booktabs}."""
    head = " & ".join(["", *(escape(title) for title in made.columns)])
    rows = [" & ".join(map(escape, (line.head, *line.texts))) + r" \\" for line in made.lines]
    lines = [
        r"\begin{table}",
        rf"\caption{{{escape(made.caption)}}}",
        rf"\label{{tab:{re.sub(r'[^a-z0-9]+', '-', made.key.lower())}}}",
        rf"\begin{{tabular}}{{l{'r' * len(made.columns)}}}",
        r"\toprule",
        head + r" \\",
        r"\midrule",
        *rows,
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"
