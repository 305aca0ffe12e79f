#!/bin/bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Installs the Debian packages of the named sections of tools/packages.txt that are missing. Needs neither rights nor
# network when nothing is missing.
#
#   tools/install_packages.sh build run test
set -euo pipefail

list="$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/packages.txt"

fail() {
  printf '%s\n' "$*" >&2
  exit 1
}

(($# > 0)) || fail "Usage: tools/install_packages.sh SECTION...   (sections: $(sed -n 's/^\[\(.*\)\]$/\1/p' "$list" | xargs))"

architecture="$(dpkg --print-architecture 2>/dev/null || true)"
wanted=()
for section in "$@"; do
  mapfile -t of_section < <(awk -v wanted="[$section]" -v here="[$architecture]" '
    /^\[/ { inside = ($1 == wanted); next }
    inside && NF && $1 !~ /^#/ && ($2 !~ /^\[/ || $2 == here) { print $1 }' "$list")
  ((${#of_section[@]} > 0)) || fail "tools/packages.txt has no section [$section]."
  wanted+=("${of_section[@]}")
done

# One query for all: asking per package would take most of the time of a second ./run.
declare -A installed=()
while read -r state package; do
  [[ $state == ii* || $state == hi* ]] && installed[${package%%:*}]=1
done < <(dpkg-query --show --showformat='${db:Status-Abbrev} ${Package}\n' -- "${wanted[@]}" 2>/dev/null || true)

missing=()
for package in "${wanted[@]}"; do
  [[ -v installed[$package] ]] || missing+=("$package")
done
((${#missing[@]} > 0)) || exit 0

command -v apt-get >/dev/null ||
  fail "These packages are missing: ${missing[*]}. This system has no apt-get to install them with: install their equivalents by hand."

as_root=()
if ((EUID != 0)); then
  if ! command -v sudo >/dev/null; then
    fail "These packages are missing and only root may install them: ${missing[*]}. Run as root: apt-get install ${missing[*]}"
  fi
  # With a terminal sudo may ask for the password; without one it must not hang.
  as_root=(sudo)
  [[ -t 0 ]] || as_root+=(-n)
  "${as_root[@]}" true 2>/dev/null ||
    fail "These packages are missing and sudo did not allow installing them: ${missing[*]}. Run as root: apt-get install ${missing[*]}"
fi

log="$(mktemp)"
trap 'rm -f -- "$log"' EXIT
apt() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=120 "$@" >"$log" 2>&1
}
install_missing() { apt install -y --no-install-recommends -- "${missing[@]}"; }

printf 'Installing packages: %s\n' "${missing[*]}"
# The package index is refreshed only when it lacks a package or names versions that the mirror no longer has.
if ! install_missing; then
  printf 'Refreshing the package index\n'
  apt update || { tail -n 5 -- "$log" >&2; fail "The package index could not be refreshed: check the network and the apt sources."; }
  install_missing || { tail -n 15 -- "$log" >&2; fail "apt-get could not install the packages: the reason is above."; }
fi
