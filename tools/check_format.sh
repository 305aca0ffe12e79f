#!/bin/bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Checks the layout of every C++ file against .clang-format; with --fix, changes it.
set -euo pipefail
cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/.."

action=(--dry-run -Werror --ferror-limit=3)
[[ ${1:-} != --fix ]] || action=(-i)

mapfile -d '' -t files < <(git ls-files -z --cached --others --exclude-standard -- 'src/*.h' 'src/*.cc' 'apps/*.h' 'apps/*.cc' \
  'include/*' 'examples/*.c' 'tests/*.h' 'tests/*.cc' 'tests/abi/*.c' 'fuzz/*.h' 'fuzz/*.cc' 'bench/*.h' 'bench/*.cc' 'tools/*.h' 'tools/*.cc')
present=()
for file in "${files[@]}"; do [[ ! -f $file ]] || present+=("$file"); done
((${#present[@]} > 0)) || { printf 'There is no C++ file to check.\n' >&2; exit 1; }
printf '%s\0' "${present[@]}" | xargs -0 -n 20 -P "$(nproc)" clang-format "${action[@]}"
