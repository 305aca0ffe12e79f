#!/bin/bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Unpacks the arm64 packages of the section [sysroot] of tools/packages.txt into the user's cache folder, for
# cmake/aarch64-linux-gnu.cmake. Needs no rights, and no network once it is done. With --check only says by its exit status
# whether they are there.
#
# Not into the build folder: pkg-config's sysroot cannot have a space in its path, which a checkout's may.
#
# Why not as a foreign architecture of this system: Debian 12's libisal-dev cannot be installed for two architectures at
# once, and the others would have to be upgraded together with this system's own.
set -euo pipefail
cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/.."

cache="${XDG_CACHE_HOME:-$HOME/.cache}/punktfunk"
folder="$cache/sysroot-arm64"
packages="$(awk '/^\[/ { inside = ($1 == "[sysroot]"); next } inside && NF && $1 !~ /^#/ { print $1 }' tools/packages.txt)"
[[ "$(cat "$folder/.packages" 2>/dev/null)" != "$packages" ]] || exit 0
[[ ${1:-} != --check ]] || exit 1

fail() {
  printf 'The arm64 libraries were not unpacked, because %s.\n' "$*" >&2
  exit 1
}
for program in apt-get dpkg-deb; do
  command -v "$program" >/dev/null || fail "this system has no $program; they come as Debian packages"
done

mkdir -p -- "$cache"
scratch="$(realpath -- "$(mktemp -d "$cache/sysroot.XXXXXX")")"
[[ $scratch != *[[:space:]]* ]] || { rmdir -- "$scratch"; fail "the path of the cache folder $cache has a space; set XDG_CACHE_HOME to one without"; }
trap 'rm -rf -- "$scratch"' EXIT
mkdir -p "$scratch"/{lists,archives}/partial "$scratch/tree/usr/lib"
: >"$scratch/status"

# This system's sources and keys, but an arm64 system with nothing installed: its lists, cache and hooks stay out of it.
cat >"$scratch/apt.conf" <<EOF
Dir::State "$scratch";
Dir::State::lists "$scratch/lists";
Dir::State::status "$scratch/status";
Dir::Cache "$scratch";
Dir::Cache::archives "$scratch/archives";
#clear APT::Architectures;
APT::Architecture "arm64";
APT::Architectures {"arm64";};
#clear APT::Update;
Acquire::Languages "none";
APT::Sandbox::User "";
EOF
apt() { apt-get -q -c "$scratch/apt.conf" "$@" >"$scratch/log" 2>&1; }

printf 'Fetching the arm64 libraries\n'
# Sources of others may know no arm64: whether Debian's were read shows in the next step.
apt update || true
mapfile -t wanted <<<"$packages"
apt install -y --download-only --no-install-recommends -- "${wanted[@]}" || {
  grep -m 3 "^[EW]:" "$scratch/log" >&2 || true
  fail 'apt-get could not get them: check the network and that the apt sources have arm64'
}

# Packages from before and after the merge of /lib and /usr/lib.
ln -s usr/lib "$scratch/tree/lib"
for archive in "$scratch"/archives/*.deb; do
  dpkg-deb --fsys-tarfile "$archive" | tar -C "$scratch/tree" -x --keep-directory-symlink --no-same-owner --exclude=./usr/share/doc ||
    fail "${archive##*/} could not be unpacked"
done
printf '%s\n' "$packages" >"$scratch/tree/.packages"
rm -rf -- "$folder"
mv -- "$scratch/tree" "$folder"
