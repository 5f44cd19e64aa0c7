#!/usr/bin/env bash
# Starts the same pre-training command on all workers.
set -euo pipefail
TPU_SCRIPTS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tpu_scripts/lib/options.sh
source "$TPU_SCRIPTS/lib/options.sh"
# shellcheck source=tpu_scripts/lib/tpu.sh
source "$TPU_SCRIPTS/lib/tpu.sh"

parse_options "Usage: launch.sh [options] [-- ARGUMENT...]

Starts 'space-jax pretrain --config CONFIG --workdir WORKDIR OVERRIDES... ARGUMENT...' on every worker and returns; the
workers find one another. A run that is there already is asked to stop, and goes on from its last checkpoint." "$@"
((${#REST[@]} == 0)) || fail "unexpected argument '${REST[0]}'; arguments of pretrain follow --"
require PROJECT ZONE NAME CONFIG WORKDIR
require_gcloud

on_workers all "bash $WORKER/launch.sh $(quote --config "$CONFIG" --workdir "$WORKDIR" \
  ${OVERRIDES[@]+"${OVERRIDES[@]}"} ${EXTRA[@]+"${EXTRA[@]}"})"
