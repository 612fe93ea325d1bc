#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# gdb sessions, one case each: commands, and patterns its output must have.  KTAP.
cd "$(dirname "$0")" || exit 1
gdb="/usr/bin/gdb -nx -batch -iex 'set debuginfod enabled off' -iex 'set auto-load no'"
n=0
failed=0

# session NAME TARGET COMMANDS PATTERN...: one command a line
session() {
	name=$1 target=$2 commands=$3
	shift 3
	n=$((n + 1))
	echo "# running $name"
	echo "$commands" > /tmp/commands
	eval "timeout 60 $gdb -x /tmp/commands ./$target" > /tmp/out 2>&1 < /dev/null
	rc=$?
	for pattern in "$@"; do
		grep -Eq -e "$pattern" /tmp/out && continue
		sed 's/^/# /' /tmp/out
		echo "not ok $n $name # gdb said nothing like '$pattern' (status $rc)"
		failed=1
		return
	done
	echo "ok $n $name"
}

targets=$(ls target_*)
echo "KTAP version 1"
echo "1..$(($(echo "$targets" | wc -l) * 13))"
for t in $targets; do
	bits=${t#target_}
	write=1			# system call numbers: this gdb has no names for them
	[ "$bits" = 32 ] && write=4
	session "breakpoint $bits" $t 'break work
run
bt
info breakpoints
continue
continue
print n' '#0 +work \(n=0\)' '#1 .* main' 'already hit 1 time' '= 2$'
	session "condition $bits" $t 'break work if n == 3
run
print n
print counter' '= 3$'
	session "watchpoint $bits" $t 'break main
run
watch counter
continue
continue
continue' 'Hardware watchpoint 2: counter' 'Old value = 1' 'New value = 3'
	session "read and access watchpoints $bits" $t 'break main
run
rwatch ratio
awatch other
continue
continue
delete 3
continue' 'Hardware read watchpoint' 'Hardware access' 'Value = 1.5|Value = 0'
	session "hardware breakpoint $bits" $t 'break main
run
hbreak work
continue
continue
print n' 'Hardware assisted breakpoint' '= 1$'
	session "stepping $bits" $t 'break work
run
stepi
stepi
stepi
nexti
finish
step
next
info registers' 'Value returned is .* = 0' '(rip|eip) +0x'
	session "many steps $bits" $t 'break main
run
stepi 400
print $pc != 0
kill' '\$1 = 1'
	session "registers $bits" $t 'break work
run
print $xmm0.v4_int32[0] != 12345678
set var $xmm0.v4_int32[0] = 4711
print $xmm0.v4_int32[0]
delete
set var counter = 100
print work(11)
print counter
info float' '= 4711$' '= 111$' 'Control Word'
	session "fault $bits" $t 'run fault
print $_siginfo.si_signo
print $_siginfo._sifields._sigfault.si_addr
bt
generate-core-file /tmp/core.gdb' 'received signal SIGSEGV' '= 11$' '0x10' 'Saved corefile'
	session "system call $bits" $t "catch syscall $write
run
continue
print counter" 'call to syscall' 'returned from syscall' '= 10$'
	session "fork $bits" $t 'set follow-fork-mode child
catch fork
run fork
continue
break work
continue
print n' 'forked process' '= 7$|exited with code 03'
	./$t loop &
	pid=$!
	sleep 1
	session "attach $bits" $t "attach $pid
break work
continue
print n
delete
detach" '= 0$' 'Detaching|detached'
	n=$((n + 1))
	if kill $pid; then
		echo "ok $n alive after detaching $bits"
	else
		echo "not ok $n alive after detaching $bits # it is gone"
		failed=1
	fi
done
rm -f /tmp/core.gdb
exit $failed
