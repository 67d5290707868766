import tomllib

import pytest

from nacre.pipeline.loading.toml_lines import line_map, line_of


def lines_of(text):
    tomllib.loads(text)
    return line_map(text)


def test_multi_line_strings_and_comments():
    text = (
        'a = 1 # """ quotes and [ brackets {\n'  # 1
        'b = """one\n[no.header]\nc = 1\n"""\n'  # 2-5
        "d = '''\n\"\"\"\n'''\n"  # 6-8
        'e = "it\'s [ \\" {"\n'  # 9
        'f = """x \\""" y\n"""\n'  # 10-11
        'g = ["[", # [ a comment\n  \'{\', # }\n  """\n]\n""",\n]\n'  # 12-17
        'h = ""\n'  # 18
        "[last] # ] x\n"  # 19
        "i = { a = 1, b = [1, 2] }\n"  # 20
        "j = [\n  [1, 2],\n  { k = 2 },\n]\n"  # 21-24
        "k = 1\n"  # 25
    )
    found = lines_of(text)
    wanted = {"a": 1, "b": 2, "d": 6, "e": 9, "f": 10, "g": 12, "h": 18}
    assert {path[0]: n for path, n in found.items() if len(path) == 1 and path != ("last",)} == wanted
    assert found["last",] == 19
    assert {path[1]: n for path, n in found.items() if len(path) == 2} == {"i": 20, "j": 21, "k": 25}


def test_nested_tables_and_dotted_keys():
    text = """\
schema = 1
study.name = "x"
[[sample]]
name = "a"
[sample.coating]
dose = "1 wt%"
[[sample.step]]
do = "mix"
[[sample.step]]
do = "heat"
[[sample]]
"name" = "b"
[[sample.step]]
do = "mill"
[cell."c 1"]
'cam mass'.x = 1
[ measurement . sub ] # spaced
k = 1
"""
    found = lines_of(text)
    assert found["study", "name"] == 2
    assert found["sample", 0] == 3 and found["sample", 0, "coating", "dose"] == 6
    assert found["sample", 0, "step", 0, "do"] == 8 and found["sample", 0, "step", 1, "do"] == 10
    assert found["sample", 1, "name"] == 12 and found["sample", 1, "step", 0, "do"] == 14
    assert found["cell", "c 1", "cam mass", "x"] == 16
    assert found["measurement", "sub", "k"] == 18


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_line_ends_and_odd_characters(newline):
    text = newline.join(['a = "x\N{LINE SEPARATOR}y"', "b = 1", "[c]", "d = [", "1,", "]", "e = 2"])
    found = lines_of(text)
    assert (found["a",], found["b",], found["c",], found["c", "e"]) == (1, 2, 3, 7)


def test_the_line_of_what_has_none_is_that_of_the_nearest_above():
    found = lines_of("[a]\nb = { c = 1 }\n")
    assert line_of(found, ("a", "b", "c")) == 2
    assert line_of(found, ("a", "nothing")) == 1 and line_of(found, ("z", 3)) == 1
