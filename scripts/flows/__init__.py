"""What tools of other flows are given: the shape of a die as a core of FuseSoC."""
