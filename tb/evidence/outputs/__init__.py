# SPDX-License-Identifier: Apache-2.0
"""Who reads what a module puts out: every output of hdl/, and the check that would see it wrong."""
