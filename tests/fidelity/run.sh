#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Run every program of the list beside this script, or those named; one KTAP stream,
# a program's own cases nested below it.  As root, with /proc, /sys and /dev mounted.
cd "$(dirname "$0")" || exit 1
[ $# -gt 0 ] || set -- $(cat programs)
out=${TMPDIR:-/tmp}/fidelity.$$
failed=0
n=0
echo "KTAP version 1"
echo "1..$#"
for name in "$@"; do
	n=$((n + 1))
	echo "# running $name"
	# in the foreground: some cases need a terminal's process group
	timeout 300 "./$name" > "$out" 2>&1 < /dev/null
	rc=$?
	sed 's/^/  /' "$out"
	if [ $rc -eq 0 ]; then
		echo "ok $n $name"
	else
		failed=1
		echo "not ok $n $name # status $rc"
	fi
done
rm -f "$out"
exit $failed
