#!/bin/bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Configures a preset if that is needed and builds it. Prints nothing when there is nothing to do; on failure, the end of
# the log and a sentence.
#
#   tools/build_preset.sh PRESET [TARGET...]
#   tools/build_preset.sh --configure PRESET
set -euo pipefail

root="$(dirname -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")")"
cd -- "$root"

configure_only=no
[[ ${1:-} == --configure ]] && { configure_only=yes; shift; }
preset="${1:?usage: tools/build_preset.sh [--configure] PRESET [TARGET...]}"
shift
folder="build/$preset"
log="$folder.log"
mkdir -p build

give_up() {
  tail -n "${2:-40}" -- "$log" >&2
  printf '%s The whole log is in %s.\n' "$1" "$log" >&2
  exit 1
}

# A moved or renamed checkout leaves a build folder that points at the old place.
configured_here() {
  [[ -f $folder/build.ninja ]] && grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$root" "$folder/CMakeCache.txt"
}
if ! configured_here; then
  printf 'Configuring %s\n' "$preset"
  rm -rf -- "$folder"
  cmake --preset "$preset" >"$log" 2>&1 || give_up "The build could not be configured."
fi
[[ $configure_only == no ]] || exit 0

# A no-op is decided here, so that a second ./run says nothing about building.
if pending="$(ninja -C "$folder" -n "$@" 2>/dev/null)" && [[ $pending == *"no work to do"* ]]; then
  exit 0
fi
printf 'Building %s\n' "$preset"
# Every tenth part of the way as a line, so that a first build of some minutes is seen to move.
NINJA_STATUS='[%f/%t] ' ninja -C "$folder" "$@" 2>&1 | tee "$log" |
  awk -F'[][/]' '/^\[[0-9]+\/[0-9]+\]/ { part = int(10 * $2 / $3); if (part > shown) { shown = part; print "  " $2 " of " $3; fflush() } }' ||
  give_up "The build failed."
