# SPDX-License-Identifier: Apache-2.0
"""X and reset: what is unknown after reset, and whether a reset in the middle of anything is as good as power-on."""
