# SPDX-License-Identifier: Apache-2.0
"""The bench of the host port, and what other benches need to drive one."""
