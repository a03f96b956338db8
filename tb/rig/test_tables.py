# SPDX-License-Identifier: Apache-2.0
"""Tables are read whole, or refused in one line that says where."""

from dataclasses import dataclass

import pytest

from models.errors import InputError
from tb.rig import tables


@dataclass(frozen=True)
class Leaf:
    file: str
    bits: tuple[int, ...] = ()


@dataclass(frozen=True)
class Branch:
    name: str
    layer: int | str
    leaf: Leaf
    sizes: dict[str, int]


@dataclass(frozen=True)
class Tree:
    branch: list[Branch]


@dataclass(frozen=True)
class Reasons:
    reasons: dict[str, dict[str, str]]


GOOD = """
[[branch]]
name = "a"
layer = 3
leaf = { file = "f", bits = [1, 2] }
sizes = { N = 4 }
[[branch]]
name = "b"
layer = "chip"
leaf = { file = "g" }
sizes = {}
"""


@pytest.fixture
def read(tmp_path):
    """Reads a text as a table."""

    def call(text: str, kind: type = Tree):
        path = tmp_path / "tree.toml"
        path.write_text(text, encoding="utf-8")
        return tables.load(path, kind)

    return call


def test_everything_is_what_its_type_says(read):
    first, second = read(GOOD).branch
    assert first == Branch("a", 3, Leaf("f", (1, 2)), {"N": 4})
    assert second == Branch("b", "chip", Leaf("g"), {})
    assert read('[reasons.m]\nx_q = "why"', Reasons) == Reasons({"m": {"x_q": "why"}})


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('name = "b"\n', "", "field 'name' is missing (tree.toml, branch 2); use name, layer, leaf, sizes"),
        ('layer = "chip"', 'layr = "chip"', "field 'layer' is missing (tree.toml, branch b); use name,"),
        ('layer = "chip"', 'layer = "chip"\nx = 1', "field 'x' is unknown (tree.toml, branch b); use name,"),
        ('layer = "chip"', "layer = 1.5", "field 'layer' is 1.5 (tree.toml, branch b); give a int | str"),
        ("layer = 3", "layer = true", "field 'layer' is True (tree.toml, branch a); give a int | str"),
        ('{ file = "g" }', '"g"', "field 'leaf' is 'g' (tree.toml, branch b); give a Leaf"),
        ('file = "g"', "", "field 'file' is missing (tree.toml, branch b, leaf); use file, bits"),
        ("[1, 2]", '[1, "2"]', "field 'bits' is '2' (tree.toml, branch a, leaf, bits 2); give a int"),
        ("[1, 2]", "7", "field 'bits' is 7 (tree.toml, branch a, leaf); give a tuple[int, ...]"),
        ("N = 4", 'N = "4"', "field 'N' is '4' (tree.toml, branch a, sizes); give a int"),
        ("sizes = {}", "sizes = {", "(tree.toml); mend the TOML"),
    ],
)
def test_what_is_wrong_is_one_line(read, old, new, says):
    assert GOOD.count(old) == 1
    with pytest.raises(InputError) as error:
        read(GOOD.replace(old, new))
    assert says in str(error.value) and "\n" not in str(error.value)
