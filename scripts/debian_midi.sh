#!/bin/sh
# Fetch the MIDI of three Debian packages into a folder, without installing them: sh scripts/debian_midi.sh FOLDER
#   freedoom (BSD-3-Clause), simutrans-data (Artistic-1.0), openttd-openmsx (GPL-2.0)
set -eu
target=$1
[ -f "$target/complete" ] && exit 0
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir -p "$target"
cd "$scratch"
apt-get download -qq freedoom simutrans-data openttd-openmsx 2>"$scratch/said" || {
    [ "$(id -u)" = 0 ] && apt-get update -qq && apt-get download -qq freedoom simutrans-data openttd-openmsx
}
for package in *.deb; do
    mkdir -p "$target/${package%%_*}"
    dpkg-deb -x "$package" "$target/${package%%_*}"
done
touch "$target/complete"
