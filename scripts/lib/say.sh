# shellcheck shell=bash
# Messages of the scripts. Sourced, not run.
#
# Every failure says what went wrong and what to do about it.

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
	say_bold=$'\e[1m' say_red=$'\e[31m' say_plain=$'\e[0m'
else
	say_bold='' say_red='' say_plain=''
fi

# say_step "Building": the heading of what happens next.
say_step() { printf '%s==> %s%s\n' "$say_bold" "$*" "$say_plain"; }
say() { printf '    %s\n' "$*"; }

# fail "what went wrong" ["what to do"]: ends the script.
fail() {
	printf '%s%s: %s%s\n' "$say_red" "${0##*/}" "$1" "$say_plain" >&2
	if [ -n "${2:-}" ]; then printf '    %s\n' "$2" >&2; fi
	exit 1
}

# quietly <log file> <command…>: the command's output is shown only when it fails.
quietly() {
	local log=$1
	shift
	mkdir -p "$(dirname "$log")"
	if "$@" >"$log" 2>&1; then return 0; fi
	printf '%sfailed: %s%s\n' "$say_red" "$*" "$say_plain" >&2
	tail -n 40 "$log" | sed 's/^/    /' >&2
	printf '    All of it: %s\n' "$log" >&2
	return 1
}
