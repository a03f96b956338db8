# SPDX-License-Identifier: Apache-2.0
"""The functional coverage points, a module a bench."""
