#!/usr/bin/env bash
# Calls the generator of cartridge.core in the project's environment, set up if need be. FuseSoC has its own.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
"$root/scripts/setup.sh"
PYTHONPATH=$root exec "$root/.venv/bin/python" -m scripts.flows.fusesoc_shape "$@"
