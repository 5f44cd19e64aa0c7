#!/usr/bin/env bash
# Copies the project to all workers and installs it there.
set -euo pipefail
TPU_SCRIPTS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tpu_scripts/lib/options.sh
source "$TPU_SCRIPTS/lib/options.sh"
# shellcheck source=tpu_scripts/lib/tpu.sh
source "$TPU_SCRIPTS/lib/tpu.sh"
# shellcheck source=tpu_scripts/lib/pack.sh
source "$TPU_SCRIPTS/lib/pack.sh"

parse_options "Usage: setup.sh [options]

Copies the project as it lies here to every worker, makes a Python environment there with jax[tpu] at the version of
requirements.txt, and mounts BUCKET as $MOUNT. Doing it again brings changes over." "$@"
refuse_arguments
require PROJECT ZONE NAME
[[ -z $BUCKET ]] || require BUCKET
require_gcloud

if [[ $DRY_RUN == yes ]]; then
  archive=space_jax.tar.gz
else
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
  archive=$folder/space_jax.tar.gz
fi
pack "$archive"
copy_to_workers "$archive" space_jax.tar.gz
on_workers all "$(unpack_and_set_up tpu ${BUCKET:+"$BUCKET"})"
