#!/usr/bin/env bash
# Creates, sets up, launches and, after pre-emption, does it again, until the run is done.
set -euo pipefail
TPU_SCRIPTS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tpu_scripts/lib/options.sh
source "$TPU_SCRIPTS/lib/options.sh"
# shellcheck source=tpu_scripts/lib/tpu.sh
source "$TPU_SCRIPTS/lib/tpu.sh"

# shellcheck source=tpu_scripts/lib/workers.sh
source "$TPU_SCRIPTS/lib/workers.sh"

parse_options "Usage: run_until_done.sh [options]

Creates the machine, sets it up and launches; when the machine is taken away or the run breaks off, does so again. Ends
when the run has the checkpoint of its last step (exit status 0), when the request or the command is wrong (2), or
after MAX_TRIES failures without a new checkpoint between them (1). Then it deletes the machine. Ctrl-C ends only this
loop, not the machine; the same command takes up a run that it finds." "$@"
refuse_arguments
require PROJECT ZONE NAME TYPE RUNTIME SPOT BUCKET CONFIG WORKDIR
require POLL_SECONDS WAIT_SECONDS QUIET_SECONDS MAX_TRIES BACKOFF_SECONDS
[[ $WORKDIR == "$MOUNT"/* ]] ||
  fail "setting WORKDIR: '$WORKDIR' must be below $MOUNT, because the machine is deleted in the end"
require_gcloud

held=no         # whether there may be something that costs money
launched=no     # on the machine that there is now
tries=0         # failures since the last new checkpoint
best_step=0     # of all checkpoints seen
waiting_since=0 # in SECONDS, which bash counts
heard=never     # in SECONDS, when gcloud last told a state
partial=no      # whether some workers had ended at the last look

at_exit() {
  local status=$?
  if [[ $held == yes ]]; then
    say "$NAME may still exist and cost money; this deletes it: $(how_to_delete)"
  fi
  exit "$status"
}

step() { "$TPU_SCRIPTS/$1.sh" ${PASSED[@]+"${PASSED[@]}"}; }

# finish STATUS MESSAGE: the end of the loop; nothing is left that costs money.
finish() {
  say "$2"
  if [[ $held == yes ]] && step delete; then held=no; fi
  exit "$1"
}

failed_try() {
  tries=$((tries + 1))
  launched=no
  partial=no
  say "$1 (try $tries of $MAX_TRIES without a new checkpoint)"
  if ((tries >= MAX_TRIES)); then finish 1 "gave up after $tries tries; the last checkpoint is of step $best_step"; fi
}

back_off() {
  ((tries)) || return 0
  local seconds=$((BACKOFF_SECONDS * 2 ** (tries < 12 ? tries - 1 : 11)))
  sleep "$((seconds < 3600 ? seconds : 3600))"
}

request() {
  back_off
  local status=0
  launched=no
  waiting_since=$SECONDS
  held=yes
  step create || status=$?
  case $status in
    0) say "asked for $TYPE in $ZONE" ;;
    "$EXIT_LATER")
      held=no
      failed_try "no capacity"
      ;;
    *)
      held=no
      exit "$status"
      ;;
  esac
}

# remove WHY: what is left of a machine, so that it can be asked for again.
remove() {
  failed_try "$1"
  if step delete; then held=no; else say "it will be deleted at the next look"; fi
}

wait_in_queue() {
  ((SECONDS - waiting_since >= WAIT_SECONDS)) || return 0
  remove "no capacity for $TYPE in $ZONE: $QUEUE_STATE after $WAIT_SECONDS s"
  waiting_since=$SECONDS
}

launch() {
  local status=0
  step setup || status=$?
  if ((status == 0)); then step launch || status=$?; fi
  if ((status)); then
    failed_try "the workers could not be set up and launched"
    return 0
  fi
  launched=yes
  say "launched; follow it with: $(quote "$TPU_SCRIPTS/logs.sh" ${PASSED[@]+"${PASSED[@]}"})"
}

look() {
  judge "$(worker_states 2>/dev/null || true)" "$QUIET_SECONDS"
  if ((RUN_STEP > best_step)); then
    best_step=$RUN_STEP
    tries=0
    say "checkpoint of step $best_step"
  fi
}

attend() {
  look
  if [[ $launched == no ]]; then
    # A run that a loop before this one started is taken up; whatever else is there is begun anew.
    if [[ $RUN_PHASE == running ]]; then launched=yes; else launch; fi
    return 0
  fi
  case $RUN_PHASE in
    running) partial=no ;;
    'done') finish 0 "done: the checkpoint of the last step, $RUN_STEP, is in $WORKDIR" ;;
    refused)
      last_lines || true
      finish "$EXIT_USER" "the command was refused ($RUN_DETAIL), see the lines above; another try would end alike"
      ;;
    stopped)
      last_lines || true
      failed_try "the run ended before its last step ($RUN_DETAIL)"
      ;;
    stalled) failed_try "the run has printed nothing for $QUIET_SECONDS s" ;;
    partial) # the others end within a minute; if not, they hang
      if [[ $partial == yes ]]; then failed_try "only some workers run ($RUN_DETAIL)"; else partial=yes; fi
      ;;
    unreachable)
      case $(node_state 2>/dev/null || true) in
        PREEMPTED | TERMINATED | STOPPED) remove "pre-empted" ;;
        *) failed_try "the workers do not answer" ;;
      esac
      ;;
  esac
}

if [[ $DRY_RUN == yes ]]; then # one round; what repeats is said in --help
  queued describe --format='value(state.state)'
  step create
  step setup
  step launch
  worker_states
  step delete
  exit 0
fi

trap at_exit EXIT
trap 'say interrupted; exit 130' INT
trap 'say terminated; exit 143' TERM
while true; do
  read_queue_state
  if [[ $QUEUE_STATE != UNREADABLE ]]; then heard=$SECONDS; fi
  case $QUEUE_STATE in
    UNREADABLE)
      say "the state of $NAME cannot be read: $QUEUE_ERROR"
      if [[ $heard == never ]]; then exit "$EXIT_USER"; fi
      if ((SECONDS - heard >= WAIT_SECONDS)); then finish 1 "gave up: no answer for $WAIT_SECONDS s"; fi
      ;;
    ABSENT) request ;;
    ACTIVE)
      held=yes
      waiting_since=$SECONDS
      attend
      ;;
    SUSPENDED)
      held=yes
      remove "pre-empted"
      ;;
    FAILED)
      held=yes
      remove "no capacity or a request that cannot be met: the queued resource FAILED"
      ;;
    *)
      held=yes
      wait_in_queue
      ;;
  esac
  sleep "$POLL_SECONDS"
done
