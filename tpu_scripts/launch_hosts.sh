#!/usr/bin/env bash
# Starts the same pre-training command on GPU hosts, by ssh.
set -euo pipefail
TPU_SCRIPTS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tpu_scripts/lib/options.sh
source "$TPU_SCRIPTS/lib/options.sh"

parse_options "Usage: launch_hosts.sh [options] HOST... [-- ARGUMENT...]

Starts 'space-jax pretrain --config CONFIG --workdir WORKDIR OVERRIDES... ARGUMENT...' on every HOST (a name that ssh
knows) and returns: one process a host, which takes all of its cards. The first host coordinates; the others must reach
it by the name given here, or by the setting COORDINATOR, on port 8482. WORKDIR must be a folder that all hosts
share." "$@"
((${#REST[@]})) || fail "no hosts given; for example: launch_hosts.sh gpu-a gpu-b"
require CONFIG WORKDIR

coordinator=${COORDINATOR:-${REST[0]#*@}}:8482
index=0
for host in "${REST[@]}"; do
  process=()
  if ((${#REST[@]} > 1)); then
    process=(env JAX_COORDINATOR_ADDRESS="$coordinator" JAX_NUM_PROCESSES="${#REST[@]}" JAX_PROCESS_ID="$index")
  fi
  command=$(quote ${process[@]+"${process[@]}"} bash space_jax_run/code/tpu_scripts/worker/launch.sh \
    --config "$CONFIG" --workdir "$WORKDIR" ${OVERRIDES[@]+"${OVERRIDES[@]}"} ${EXTRA[@]+"${EXTRA[@]}"})
  run ssh -n "$host" "$command" ||
    fail "$host: the run was not started, see the message above; the hosts before it wait for it in vain"
  index=$((index + 1))
done
