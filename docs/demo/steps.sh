# What the demos share: their colours, and steps that are shown and checked. It is
# sourced, not run; the output of the last step is in the file "out".

bold= dim= red= green= off=
if [[ -t 1 && -z ${NO_COLOR:-} ]]; then
	bold=$'\e[1m' dim=$'\e[2m' red=$'\e[1;31m' green=$'\e[32m' off=$'\e[0m'
	export FORCE_COLOR=1
else
	export NO_COLOR=1
fi

step=0
title() { step=$((step + 1)); printf '\n\n%s%d. %s%s\n' "$bold" $step "$1" "$off"; }
say() { printf '\n%s%s%s\n' "$dim" "$1" "$off"; }
pass() { printf '\n%sas expected: %s%s\n' "$green" "$1" "$off"; }
fail() { printf '\n%sdemo: step %d: %s%s\n' "$red" $step "$1" "$off" >&2; exit 1; }

# try CODE COMMAND… shows a command with its output and demands its exit code.
try() {
	local code=$1 got=0
	shift
	printf '\n%s$ %s%s\n' "$bold" "$*" "$off"
	"$@" >out 2>&1 </dev/null || got=$?
	cat out
	[[ $got == "$code" ]] || fail "exit code $got instead of $code"
}

# want TEXT demands that the last output has the text.
want() { sed 's/\x1b\[[0-9;]*m//g' out | grep -qF -- "$1" || fail "the output has no \"$1\""; }
