#!/usr/bin/env bash
# Follows what a worker prints.
set -euo pipefail
TPU_SCRIPTS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tpu_scripts/lib/options.sh
source "$TPU_SCRIPTS/lib/options.sh"
# shellcheck source=tpu_scripts/lib/tpu.sh
source "$TPU_SCRIPTS/lib/tpu.sh"

parse_options "Usage: logs.sh [options] [WORKER]

Shows what worker WORKER (0 by default, the one that reports) printed last, and follows it until Ctrl-C. The run does
not notice." "$@"
((${#REST[@]} <= 1)) || fail "unexpected argument '${REST[1]}'; one worker at a time"
worker=${REST[0]:-0}
[[ $worker =~ ^[0-9]+$ ]] || fail "worker '$worker' must be a number, counted from 0"
require PROJECT ZONE NAME
require_gcloud

on_workers "$worker" "tail -n 50 -F $RUN_FOLDER/log"
