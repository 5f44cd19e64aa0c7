#!/usr/bin/env bash
# Asks for a TPU machine, as a queued resource.
set -euo pipefail
TPU_SCRIPTS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tpu_scripts/lib/options.sh
source "$TPU_SCRIPTS/lib/options.sh"
# shellcheck source=tpu_scripts/lib/tpu.sh
source "$TPU_SCRIPTS/lib/tpu.sh"

parse_options "Usage: create.sh [options]

Asks for a TPU machine by a queued resource, which also holds one machine of several hosts. It costs nothing while it
waits in the queue, and money from the moment it is ACTIVE until delete.sh. Exit status: 2 if the request is wrong, 75
if it may succeed later." "$@"
refuse_arguments
require PROJECT ZONE NAME TYPE RUNTIME SPOT
require_gcloud

tier=()
if [[ $SPOT == yes ]]; then tier=(--spot); fi

errors=$(mktemp)
trap 'rm -f "$errors"' EXIT
status=0
queued create --node-id="$NAME" --accelerator-type="$TYPE" --runtime-version="$RUNTIME" \
  ${tier[@]+"${tier[@]}"} --quiet 2>"$errors" || status=$?
cat "$errors" >&2
((status)) || exit 0
if grep -Eq 'UNAVAILABLE|RESOURCE_EXHAUSTED|DEADLINE_EXCEEDED|INTERNAL|no more capacity' "$errors"; then
  say "$TYPE in $ZONE was refused for now, see above; try again later"
  exit "$EXIT_LATER"
fi
fail "$NAME was not created, see what gcloud said above (zone $ZONE, type $TYPE, runtime $RUNTIME, project $PROJECT)"
