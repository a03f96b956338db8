# SPDX-License-Identifier: Apache-2.0
"""The golden model: the chip of docs/formats.md in exact integers, one file an operator, named like its module."""
