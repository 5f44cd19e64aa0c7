#!/usr/bin/env bash
# Runs on a worker: one line about the run, which lib/workers.sh reads.
# status.sh WORKDIR
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
folder=$HOME/space_jax_run
# shellcheck source=tpu_scripts/worker/running.sh
source "$here/running.sh"

index=0 quiet=0 state=none checkpoint='- of -'
if [[ -f $folder/index ]]; then index=$(cat "$folder/index"); fi
if is_running "$folder"; then
  state=running
elif [[ -f $folder/exit ]]; then
  state="ended $(cat "$folder/exit")"
elif [[ -f $folder/pid ]]; then
  state=lost # killed, or the machine was started again
fi
if [[ -f $folder/log ]]; then quiet=$(($(date +%s) - $(stat -c %Y "$folder/log"))); fi
if [[ $index == 0 ]]; then
  checkpoint=$("$folder/venv/bin/python" "$here/progress.py" "$1" 2>/dev/null) || checkpoint='- of -'
fi
echo "space_jax worker $index: $state, quiet $((quiet < 0 ? 0 : quiet)) s, checkpoint $checkpoint"
