#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Calls the generator of cartridge.core in the project's environment, set up if there is none. FuseSoC has its own.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
[ -x "$root/.venv/bin/python" ] || "$root/scripts/setup.sh"
PYTHONPATH=$root exec "$root/.venv/bin/python" -m scripts.flows.fusesoc_shape "$@"
