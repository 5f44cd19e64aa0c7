# shellcheck shell=bash
# shellcheck disable=SC2034  # RUN_PHASE and its companions are read by run_until_done.sh
# What the lines of worker/status.sh say together. Sourced.

STATUS_LINE='^space_jax worker ([0-9]+): (running|ended|lost|none)( [0-9]+)?, quiet ([0-9]+) s, '
STATUS_LINE+='checkpoint ([0-9]+|-) of ([0-9]+|-)$'

# judge LINES QUIET_LIMIT sets
#   RUN_PHASE  unreachable: no worker answered    running: all run         stalled: all run, none prints anything
#              partial: only some run             refused: exit status 2   done: all ended, the last checkpoint is there
#              stopped: all ended, it is not
#   RUN_STEP   the step of the last checkpoint, 0 where there is none
#   RUN_DETAIL for a person
# The exit status does not tell done from stopped: it is 0 also after SIGTERM. The last checkpoint does.
judge() {
  local line running=0 gone=0 refused=0 quiet='' wanted=-
  RUN_STEP=0 RUN_DETAIL=''
  while IFS= read -r line; do
    [[ ${line%$'\r'} =~ $STATUS_LINE ]] || continue
    local worker=${BASH_REMATCH[1]} state=${BASH_REMATCH[2]} status=${BASH_REMATCH[3]# } silent=${BASH_REMATCH[4]}
    if [[ ${BASH_REMATCH[5]} != - ]]; then RUN_STEP=${BASH_REMATCH[5]}; fi
    if [[ ${BASH_REMATCH[6]} != - ]]; then wanted=${BASH_REMATCH[6]}; fi
    if [[ -z $quiet ]] || ((silent < quiet)); then quiet=$silent; fi
    case $state in
      running) running=$((running + 1)) ;;
      *) gone=$((gone + 1)) ;;
    esac
    if [[ $state == ended && $status == 2 ]]; then refused=$((refused + 1)); fi
    if [[ $state != running ]]; then
      RUN_DETAIL+="${RUN_DETAIL:+, }worker $worker $state${status:+ with exit status $status}"
    fi
  done <<<"$1"
  if ((running + gone == 0)); then
    RUN_PHASE=unreachable
  elif ((refused)); then
    RUN_PHASE=refused
  elif ((running && gone)); then
    RUN_PHASE=partial
  elif ((running)); then
    RUN_PHASE=running
    if ((quiet > $2)); then RUN_PHASE=stalled; fi
  elif [[ $wanted != - ]] && ((RUN_STEP >= wanted)); then
    RUN_PHASE='done'
  else
    RUN_PHASE=stopped
  fi
}
