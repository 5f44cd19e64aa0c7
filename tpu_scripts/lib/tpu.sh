# shellcheck shell=bash
# shellcheck disable=SC2034  # QUEUE_ERROR is read by the scripts that source this
# The gcloud commands about one queued resource and its TPU machine. Sourced after options.sh.

RUN_FOLDER=space_jax_run # in the home folder of every worker
WORKER=$RUN_FOLDER/code/tpu_scripts/worker

require_gcloud() {
  [[ $DRY_RUN == yes ]] || command -v gcloud >/dev/null ||
    fail "gcloud is not installed; see https://cloud.google.com/sdk/docs/install"
}

# queued VERB FLAG...
queued() {
  local verb=$1
  shift
  run gcloud compute tpus queued-resources "$verb" "$NAME" --zone="$ZONE" --project="$PROJECT" "$@"
}

delete_queued() { queued delete --force --quiet; }

# on_workers WHICH COMMAND: WHICH is a number or all.
on_workers() {
  run gcloud compute tpus tpu-vm ssh "$NAME" --zone="$ZONE" --project="$PROJECT" --worker="$1" --quiet --command="$2"
}

copy_to_workers() {
  run gcloud compute tpus tpu-vm scp "$1" "$NAME:$2" --zone="$ZONE" --project="$PROJECT" --worker=all --quiet
}

# Sets QUEUE_STATE to the state of the queued resource, ABSENT where there is none, or UNREADABLE with QUEUE_ERROR.
read_queue_state() {
  local errors
  errors=$(mktemp)
  QUEUE_ERROR=''
  if QUEUE_STATE=$(queued describe --format='value(state.state)' 2>"$errors"); then
    QUEUE_STATE=${QUEUE_STATE:-UNKNOWN}
  elif grep -q NOT_FOUND "$errors"; then
    QUEUE_STATE=ABSENT
  else
    QUEUE_STATE=UNREADABLE
    QUEUE_ERROR=$(cat "$errors")
  fi
  rm -f "$errors"
}

# READY, PREEMPTED, ...: a machine that was taken away may be known before its queued resource says SUSPENDED.
node_state() {
  run gcloud compute tpus tpu-vm describe "$NAME" --zone="$ZONE" --project="$PROJECT" --format='value(state)'
}

# One line a worker, see worker/status.sh.
worker_states() { on_workers all "bash $WORKER/status.sh $(quote "$WORKDIR")"; }

last_lines() { on_workers 0 "tail -n ${1:-20} $RUN_FOLDER/log"; }

how_to_delete() { quote "$TPU_SCRIPTS/delete.sh" ${PASSED[@]+"${PASSED[@]}"}; }
