#!/bin/bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Runs clang-tidy with .clang-tidy over the .cc files of the named folders (default: all of src and apps).
#
#   tools/check_tidy.sh src/base src/core/wire
set -euo pipefail
cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/.."

(($# > 0)) || set -- src apps
tools/build_preset.sh --configure test
find "$@" -name '*.cc' -print0 | sort -z |
  xargs -0 -n 1 -P "$(nproc)" clang-tidy -p build/test --quiet --warnings-as-errors='*'
