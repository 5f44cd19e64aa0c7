#!/usr/bin/env bash
# Shows the state of the machine and of the run.
set -euo pipefail
TPU_SCRIPTS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tpu_scripts/lib/options.sh
source "$TPU_SCRIPTS/lib/options.sh"
# shellcheck source=tpu_scripts/lib/tpu.sh
source "$TPU_SCRIPTS/lib/tpu.sh"

parse_options "Usage: status.sh [options]

Shows the state of the queued resource and, if there is a machine, one line a worker about the run." "$@"
refuse_arguments
require PROJECT ZONE NAME WORKDIR
require_gcloud

if [[ $DRY_RUN == yes ]]; then
  queued describe --format='value(state.state)'
  worker_states
  exit 0
fi
read_queue_state
case $QUEUE_STATE in
  UNREADABLE) fail "the state of $NAME cannot be read: $QUEUE_ERROR" ;;
  ABSENT) echo "$NAME: there is none in $ZONE" ;;
  ACTIVE)
    echo "$NAME: ACTIVE"
    worker_states
    ;;
  *) echo "$NAME: $QUEUE_STATE" ;;
esac
