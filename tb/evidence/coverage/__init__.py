# SPDX-License-Identifier: Apache-2.0
"""What the benches reached: functional coverage that they sample, code coverage that Verilator counts, exclusions."""
