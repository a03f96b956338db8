# SPDX-License-Identifier: Apache-2.0
"""Upsets: one bit of one flip-flop of a die is the other one at some clock. Which there are, and what each did."""
