#!/usr/bin/env bash
# Runs on a worker, detached: one process of `space-jax pretrain ARGUMENT...`; writes down how it ended.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
folder=$HOME/space_jax_run
trap : TERM # a stopped machine signals everything; this must live to write the exit status

# shellcheck source=tpu_scripts/worker/processes.sh
source "$here/processes.sh"
find_processes
echo "$PROCESS_INDEX" >"$folder/index"
echo "== $(date -u +%FT%TZ) process $PROCESS_INDEX of ${JAX_NUM_PROCESSES:-1}"

cd "$folder/code"
status=0
"$folder/venv/bin/python" -m space_jax pretrain "$@" || status=$?
echo "== $(date -u +%FT%TZ) exit status $status"
echo "$status" >"$folder/exit.new"
mv "$folder/exit.new" "$folder/exit"
