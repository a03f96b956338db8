# SPDX-License-Identifier: Apache-2.0
"""Where a value is: the stage of one token, in one slot, in one layer or in what the chip has once."""

from dataclasses import dataclass
from functools import total_ordering

from models.golden.stage import CHIP, Stage


@total_ordering
@dataclass(frozen=True)
class Place:
    """A stage of a layer (CHIP: of what the chip has once) for the token at a position of a slot.

    Places have dataflow order. Inside a slot a value depends on nothing behind it in that order.
    """

    slot: int
    pos: int
    layer: int
    stage: Stage

    @property
    def where(self) -> str:
        """'layer 3', or 'chip'."""
        return "chip" if self.layer == CHIP else f"layer {self.layer}"

    def __str__(self) -> str:
        return f"slot {self.slot}, position {self.pos}, {self.where}, stage {self.stage.name.lower()}"

    def __lt__(self, other: "Place") -> bool:
        return self._order() < other._order()

    def _order(self) -> tuple[int, int, Stage, int]:
        before_layers = self.layer == CHIP and self.stage is Stage.EMBEDDING
        return self.pos, -1 if before_layers else self.layer, self.stage, self.slot

    def fields(self) -> dict[str, int | str]:
        """As JSON has it: slot, position, layer (a number, or 'chip'), stage (its name)."""
        layer = "chip" if self.layer == CHIP else self.layer
        return {"slot": self.slot, "position": self.pos, "layer": layer, "stage": self.stage.name.lower()}

    @classmethod
    def of(cls, fields: dict[str, int | str]) -> "Place":
        """From what ``fields`` gave, among others."""
        layer = CHIP if fields["layer"] == "chip" else fields["layer"]
        return cls(fields["slot"], fields["position"], layer, Stage[fields["stage"].upper()])
