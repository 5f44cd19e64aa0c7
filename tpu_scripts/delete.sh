#!/usr/bin/env bash
# Deletes the machine and its queued resource.
set -euo pipefail
TPU_SCRIPTS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tpu_scripts/lib/options.sh
source "$TPU_SCRIPTS/lib/options.sh"
# shellcheck source=tpu_scripts/lib/tpu.sh
source "$TPU_SCRIPTS/lib/tpu.sh"

parse_options "Usage: delete.sh [options]

Deletes the queued resource and its machine, so that it costs nothing any more. What lies in the bucket stays." "$@"
refuse_arguments
require PROJECT ZONE NAME
require_gcloud

delete_queued || fail "$NAME was not deleted, see what gcloud said above; look for it with: $(quote \
  gcloud compute tpus queued-resources list --zone="$ZONE" --project="$PROJECT")"
[[ $DRY_RUN == yes ]] || say "$NAME is deleted"
