#!/bin/bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# The scripts parse, answer --help from any directory, and refuse nonsense with one plain sentence. The
# package list gives reasons, and the architecture's file lists are true.
set -euo pipefail
root="$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/../.."
status=0
wrong() {
  printf '%s\n' "$*"
  status=1
}

for script in run test .ci/run tools/*.sh tests/style/*.sh; do
  [[ -x $root/$script ]] || wrong "$script is not executable"
  bash -n "$root/$script" || wrong "$script does not parse"
done

cd /
[[ "$("$root/run" --help)" == *'--seconds N'* ]] || wrong './run --help does not list its options'
[[ "$("$root/test" --help)" == *'N passed, M failed'* ]] || wrong './test --help does not say what its last line is'

refuses() {
  local expected=$1 answer
  shift
  if answer="$("$@" 2>&1)"; then wrong "$* was accepted"; fi
  [[ $answer == *"$expected"* && $(wc -l <<<"$answer") == 1 ]] || wrong "$* answered: $answer"
}
refuses 'There is no option --nonsense' "$root/run" --nonsense
refuses '--mode needs the form' "$root/run" --mode big
refuses '--loss needs a percentage' "$root/run" --loss much
refuses 'needs a value' "$root/run" --seconds
refuses 'There is no stage nonsense' "$root/test" nonsense
refuses 'has no section [nonsense]' "$root/tools/install_packages.sh" nonsense

# Every package has a reason, and none is listed twice for one system.
awk '$1 == "[sysroot]" { split("", seen) }
     /^\[/ || /^#/ || !NF { next } !/^[^#]+# *[^ ]/  { print "tools/packages.txt: " $1 " has no reason"; bad = 1 }
     seen[$1]++ { print "tools/packages.txt: " $1 " is listed twice"; bad = 1 } END { exit bad }' \
  "$root/tools/packages.txt" || status=1

# The map leads to files that exist.
while IFS= read -r file; do
  [[ -f $root/src/$file || -f $root/$file ]] || wrong "docs/architecture.md names $file, which does not exist"
done < <(grep -oE '`[a-z_]+/[a-z0-9_/]+[.](cc|h)`' "$root/docs/architecture.md" | tr -d '`' | sort -u)
exit "$status"
