"""The runner when Verilator refuses the RTL."""

import pytest

from tb.rig.runner import run

REFUSED = """
module refused_part (input logic [3:0] a_i, output logic [7:0] y_o);
  /* verilator hier_block */
  assign y_o = a_i;
endmodule
module refused (input logic [3:0] a_i, output logic [7:0] y_o);
  refused_part u_part (.a_i, .y_o);
endmodule
"""


def test_a_refused_design_is_refused_for_the_same_reason_again(tmp_path, capfd):
    """What the first attempt leaves must not hide it."""
    source = tmp_path / "refused.sv"
    source.write_text(REFUSED)
    design = {"sources": (source,), "build_args": ("--hierarchical",)}
    for _ in range(2):
        with pytest.raises(AssertionError, match="the build of refused failed"):
            run("refused", "none", simulator="verilator", name="refused", **design)
        assert "WIDTHEXPAND" in capfd.readouterr().out
