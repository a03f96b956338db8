# SPDX-License-Identifier: Apache-2.0
"""DIE: which fields of a die it gives, by array or for all, and what it refuses."""

import pytest

from models.die.shape import MATRICES
from models.errors import InputError
from scripts import shape
from scripts.cli import die


def test_fields():
    assert die.fields("") == {}
    found = die.fields("lanes=64, block=64 block.down=96 share.o=2")
    assert found["lanes"] == 64 and found["block"] == dict.fromkeys(MATRICES, 64) | {"down": 96}
    assert found["share"] == dict.fromkeys(MATRICES, 1) | {"o": 2} and len(found) == 3


@pytest.mark.parametrize(
    "text", ["lanes", "lanes=", "lanes=-1", "lanes=x", "lane=64", "lanes.o=64", "block.all=64", "=1"]
)
def test_what_is_no_field(text):
    with pytest.raises(InputError, match="is no field of a die"):
        die.fields(text)


def test_a_die_in_its_package(tmp_path, capsys):
    """What the fields say stands in the constants; a die that cannot be is one line and no file."""
    out = tmp_path / "shape_pkg.sv"
    given = ["--model", "tiny", "--out", str(out)]
    assert shape.main(argv=[*given, "--die", "bit_lines=8 block.down=96"]) == 0
    text = out.read_text()
    assert "BIT_LINES = 8;" in text and '"down": array_block = 96;' in text and '"o": array_block = 32;' in text
    out.unlink()
    capsys.readouterr()
    assert shape.main(argv=[*given, "--die", "block=48"]) == 2 and not out.exists()
    assert "blocks of 48 rows are not whole groups" in capsys.readouterr().err
