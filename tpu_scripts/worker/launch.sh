#!/usr/bin/env bash
# Runs on a worker: starts `space-jax pretrain ARGUMENT...` so that it outlives the connection.
# A run that is still there is asked to stop first, which saves a checkpoint; two would fight for the chips.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
folder=$HOME/space_jax_run
stop_seconds=${STOP_SECONDS:-180}

# shellcheck source=tpu_scripts/worker/running.sh
source "$here/running.sh"

if is_running "$folder"; then
  pid=$(cat "$folder/pid")
  echo "stopping the run that is there" >&2
  pkill -TERM -P "$pid" || true # the program only; its own child processes end with it
  for ((second = 0; second < stop_seconds; second++)); do
    is_running "$folder" || break
    sleep 1
  done
  if is_running "$folder"; then kill -KILL -- "-$pid"; fi
fi

rm -f "$folder/exit"
setsid nohup bash "$here/run.sh" "$@" >>"$folder/log" 2>&1 </dev/null &
echo $! >"$folder/pid"
