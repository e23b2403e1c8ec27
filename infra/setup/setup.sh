#!/bin/sh
# Makes a fresh clone ready to run: looks for Go and Node, compiles the command line and installs the emulators, both at a time. It says what it
# does and why that takes long; on a terminal it counts. `make run` begins with it.
#
#	infra/setup/setup.sh
set -eu
cd "$(dirname "$0")/../.."
: "${MAKE:=make}"

need_go=$(awk '/^go / { print $2 }' go.mod)
need_node=$(awk -F'[>="]+' '/"node":/ { print $(NF-1) }' infra/emulators/package.json)

fail() {
	printf '%s\n' "$@" >&2
	exit 1
}

# at_least HAVE NEED compares versions such as 1.26.8, number by number.
at_least() {
	awk -v have="$1" -v need="$2" 'BEGIN {
		split(have, h, "."); n = split(need, w, ".")
		for (i = 1; i <= n; i++) if (h[i] + 0 != w[i] + 0) exit h[i] + 0 < w[i] + 0
	}'
}

check_tools() {
	command -v go >/dev/null || fail "Go is not installed. Waymark needs Go $need_go or newer: https://go.dev/dl"
	# Inside the project an older Go fetches the one that go.mod names, unless it is told not to or there is no network.
	go=$(go env GOVERSION) || fail "Waymark needs Go $need_go or newer, and $(GOTOOLCHAIN=local go version) could not fetch it. Install it: https://go.dev/dl"
	at_least "${go##*go}" "$need_go" || fail "Waymark needs Go $need_go or newer, and this is $go. Install it: https://go.dev/dl"
	command -v node >/dev/null || fail "Node.js is not installed. Waymark needs Node.js $need_node or newer, for the emulators of DynamoDB and SQS: https://nodejs.org"
	node=$(node --version)
	at_least "${node#v}" "$need_node" || fail "Waymark needs Node.js $need_node or newer, and this is $node. Install it: https://nodejs.org"
	command -v npm >/dev/null || fail "npm is not installed. It comes with Node.js from https://nodejs.org; Debian and Ubuntu have it as the package npm."
}

# show writes a line behind the seconds that passed; what comes before and after it lets a terminal draw over it.
show() { printf "$2%5d s  %s$3" $(($(date +%s) - begin)) "$1" >&2; }

say() { show "$1" '' '\n'; }

# count shows on a terminal how far the compiler is, once a second.
count() {
	all=
	while sleep 1; do
		fetched=$(grep -c '^go: downloading' "$log/compile" 2>/dev/null) || true
		packages=$(grep -c '^[^ :]*$' "$log/compile" 2>/dev/null) || true
		# Asked for once all modules are there: earlier it would fetch them too.
		[ -n "$all" ] || [ "$packages" = 0 ] || all=" of at most $(go list -deps ./infra/waymark | wc -l)"
		show "$packages$all packages compiled, $fetched modules fetched" '\r' '\033[K'
	done
}

# tell shows what a step wrote, without the compiler's list of packages, when it failed with a code.
tell() {
	[ "$1" = 0 ] || { grep -v '^[^ :]*$' "$2" >&2 || true; exit "$1"; }
}

begin=$(date +%s)
check_tools
log=$(mktemp -d)
pids=
trap 'kill $pids 2>/dev/null || true; rm -rf "$log"' EXIT
trap 'exit 130' INT TERM

say "compiling the command line: about a minute the first time, for all modules it is made of are compiled; a second later on"
"$MAKE" --no-print-directory VERBOSE=-v .build/waymark >"$log/compile" 2>&1 & compile=$!
pids=$compile install= counter=
if ! "$MAKE" --no-print-directory --question emulators >/dev/null; then
	say "installing the emulators of DynamoDB and SQS meanwhile (npm ci): once"
	"$MAKE" --no-print-directory emulators >"$log/install" 2>&1 & install=$!
	pids="$pids $install"
fi
if [ -t 2 ]; then
	count & counter=$!
	pids="$pids $counter"
fi
code=0
wait "$compile" || code=$?
[ -z "$counter" ] || { kill "$counter"; printf '\r\033[K' >&2; }
tell "$code" "$log/compile"
say "the command line is compiled"
if [ -n "$install" ]; then
	wait "$install" || code=$?
	tell "$code" "$log/install"
	say "the emulators are installed"
fi
