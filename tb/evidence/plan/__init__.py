# SPDX-License-Identifier: Apache-2.0
"""The testplan as data, its checks, and its view."""
