"""A study of old names is the same study: read under today's names, each with a note."""

import re

import pytest

import nacre
from nacre.core.errors import NacreError
from nacre.evidence.ledger import evaluate
from nacre.pipeline.loading.load import read

HEAD = """
schema = 1
[study]
name = "s"
reference = "bare"
[[sample]]
name = "bare"
[[sample]]
name = "coated"
[sample.coating]
precursor = "ZrO2"
phases = ["ZrO2", "Li2ZrO3"]
target = "1 wt%"
basis = "bare"
"""
OLD = (
    HEAD
    + """
[[reported]]
sample = "coated"
name = "zr_content"
value = "0.72(1) wt%"
[[reported]]
sample = "coated"
name = "zr_ratio"
value = "1.00(5)"
[[ledger.relation]]
id = "mine"
words = "zirconium over the ratio"
each = "coated"
unit = "wt%"
computed = "w * r"
techniques = ["icp", "xps"]
operands = { w = { quantity = "{metal}_content" }, r = { quantity = "zr_ratio" } }
"""
)


def written(folder, text):
    (folder / "study.toml").write_text(text, encoding="utf-8")
    return folder


def test_old_names_are_read_under_the_new_ones(tmp_path):
    study = nacre.load(written(tmp_path, OLD))
    assert [(row.name, row.state) for row in study.reported] == [
        ("element_content", {"element": "Zr"}),
        ("species_ratio", {"of": "ZrO2", "to": "Li2ZrO3"}),
    ]
    (mine,) = [judged for judged in evaluate(study, [], "reported") if judged.relation.id == "mine"]
    assert mine.judgement.computed.value == pytest.approx(0.72)
    assert mine.relation.techniques == ("icp_oes", "xps")


def test_each_old_name_is_noted_with_its_line(tmp_path):
    _, problems = read(written(tmp_path, OLD))
    assert not problems.errors and {problem.level for problem in problems.found} == {"warning"}
    told = [str(problem) for problem in problems.found]
    where = 1 + OLD[: OLD.index('name = "zr_content"')].count("\n")
    assert (
        f"study.toml:{where}: 'zr_content' is called 'element_content' with state = {{ element = \"Zr\" }} now"
        in told[0]
    )
    assert sum("is called" in text for text in told) == 5
    assert any("the technique 'icp' is called 'icp_oes' now" in text for text in told)


def test_a_ratio_of_a_coating_that_nobody_declared_asks_for_it(tmp_path):
    bare = re.sub(r"phases = .*\n", "", OLD)
    with pytest.raises(NacreError, match=r"the coating's product is not declared; found to = \"{product}\""):
        nacre.load(written(tmp_path, bare))


def test_names_of_today_need_no_note(tmp_path):
    new = (
        HEAD + '[[reported]]\nsample = "coated"\nname = "element_content"\nstate = { element = "Zr" }\nvalue = "1 wt%"'
    )
    _, problems = read(written(tmp_path, new))
    assert not problems.found


def test_old_names_that_are_keys_of_a_table(tmp_path):
    study, problems = read(written(tmp_path, HEAD + '[lab.reproducibility]\nhf_content = "3 %"\nxps = "5 %"\n'))
    assert not problems.errors and set(study.lab.reproducibility) == {"element_content", "xps"}
    assert any("'hf_content' is called 'element_content' now" in str(problem) for problem in problems.found)
