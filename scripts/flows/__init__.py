# SPDX-License-Identifier: Apache-2.0
"""What tools of other flows are given: the shape of a die as a core of FuseSoC."""
