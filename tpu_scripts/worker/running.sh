# shellcheck shell=bash
# Whether the run that launch.sh started is still there. Sourced.

# The number alone would not do: after a restart of the machine it may belong to something else. For its first moment a
# run is still a copy of launch.sh.
is_running() {
  local pid
  [[ -f $1/pid ]] || return 1
  pid=$(cat "$1/pid")
  [[ -r /proc/$pid/cmdline ]] && tr '\0' ' ' <"/proc/$pid/cmdline" | grep -q 'worker/run.sh\|worker/launch.sh'
}
