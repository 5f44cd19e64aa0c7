# shellcheck shell=bash
# shellcheck disable=SC2034  # the exit statuses are used by the scripts that source this
# How the scripts speak, and how they run or only print a command. Sourced.

SCRIPT=$(basename "$0")
EXIT_USER=2   # a mistake in settings or arguments; a second try would fail the same way
EXIT_LATER=75 # worth another try (EX_TEMPFAIL of sysexits.h)
DRY_RUN=no

say() { printf '%s: %s\n' "$SCRIPT" "$*" >&2; }

# One sentence, and the exit status of a user's mistake.
fail() {
  say "$*"
  exit "$EXIT_USER"
}

# Its arguments as one line that a shell reads back as the same words. Not printf %q: this form is POSIX, and readable.
quote() {
  local word line=''
  for word in "$@"; do
    if [[ ! $word =~ ^[A-Za-z0-9_@%+=:,./-]+$ ]]; then
      word="'${word//\'/\'\\\'\'}'"
    fi
    line+="${line:+ }$word"
  done
  printf '%s\n' "$line"
}

# Every command that reaches another machine, or changes this one, goes through here.
run() {
  if [[ $DRY_RUN == yes ]]; then
    quote "$@"
  else
    "$@"
  fi
}
