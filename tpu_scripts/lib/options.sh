# shellcheck shell=bash
# shellcheck disable=SC2034  # the settings are read by the scripts that source this
# Settings: from a file, then from flags, which win. Sourced first by every script, with TPU_SCRIPTS set.

# shellcheck source=tpu_scripts/lib/commands.sh
source "$TPU_SCRIPTS/lib/commands.sh"

MOUNT=/mnt/bucket
PROJECT='' ZONE='' NAME='' TYPE='' RUNTIME='' SPOT=no BUCKET=''
JAX_EXTRA=cuda12 COORDINATOR=''
CONFIG='' WORKDIR='' OVERRIDES=()
POLL_SECONDS=60 WAIT_SECONDS=86400 QUIET_SECONDS=3600 MAX_TRIES=10 BACKOFF_SECONDS=60

OPTIONS_HELP="Options:
  --settings FILE   settings to use; by default settings.sh beside the scripts, see settings.sh.example
  --project P, --zone Z, --name N, --type T, --runtime R, --spot, --on-demand
                    win over the file
  --dry-run         print every command, one a line, and run none
  --help            this"

PASSED=() # the flags as given, for a script that calls another
REST=()   # what is no flag
EXTRA=()  # what follows --

# parse_options USAGE ARGUMENT...: reads flags and file, and leaves PASSED, REST and EXTRA behind.
parse_options() {
  local usage=$1 file='' flags=()
  shift
  while (($#)); do
    case $1 in
      --help | -h)
        printf '%s\n\n%s\n' "$usage" "$OPTIONS_HELP"
        exit 0
        ;;
      --dry-run) DRY_RUN=yes ;;
      --spot) flags+=(SPOT=yes) ;;
      --on-demand) flags+=(SPOT=no) ;;
      --settings | --project | --zone | --name | --type | --runtime)
        (($# >= 2)) || fail "$1 needs a value"
        if [[ $1 == --settings ]]; then
          file=$2
        else
          flags+=("$(tr '[:lower:]' '[:upper:]' <<<"${1#--}")=$2")
        fi
        PASSED+=("$1")
        shift
        ;;
      --)
        shift
        EXTRA=("$@")
        break
        ;;
      -*) fail "unknown option $1; --help lists the options" ;;
      *)
        REST+=("$1")
        shift
        continue
        ;;
    esac
    PASSED+=("$1")
    shift
  done
  read_settings "$file"
  local flag
  for flag in ${flags[@]+"${flags[@]}"}; do
    printf -v "${flag%%=*}" '%s' "${flag#*=}"
  done
}

read_settings() {
  SETTINGS_FILE=${1:-$TPU_SCRIPTS/settings.sh}
  if [[ -f $SETTINGS_FILE ]]; then
    bash -n "$SETTINGS_FILE" || fail "$SETTINGS_FILE: not valid bash, see the line above"
    # shellcheck source=/dev/null
    source "$SETTINGS_FILE"
  elif [[ -n $1 ]]; then
    fail "--settings $1: no such file; copy $TPU_SCRIPTS/settings.sh.example"
  fi
}

# require SETTING...: each must have a value that can be right.
require() {
  local setting
  for setting in "$@"; do
    [[ -n ${!setting} ]] || fail "setting $setting is missing; write it into $SETTINGS_FILE (see settings.sh.example)"
    case $setting in
      SPOT)
        [[ $SPOT == yes || $SPOT == no ]] || fail "setting SPOT: '$SPOT' must be yes or no"
        ;;
      WORKDIR)
        [[ $WORKDIR == /* ]] ||
          fail "setting WORKDIR: '$WORKDIR' must be a path from the root, such as $MOUNT/runs/NAME with BUCKET set"
        ;;
      BUCKET)
        [[ $BUCKET =~ ^[a-z0-9][a-z0-9._-]*$ ]] ||
          fail "setting BUCKET: '$BUCKET' must be the bare name of a bucket, such as my-bucket, without gs://"
        ;;
      CONFIG) require_config ;;
      MAX_TRIES)
        [[ $MAX_TRIES =~ ^0*[1-9][0-9]*$ ]] || fail "setting MAX_TRIES: '$MAX_TRIES' must be a whole number of at least 1"
        ;;
      WAIT_SECONDS | QUIET_SECONDS | BACKOFF_SECONDS)
        [[ ${!setting} =~ ^[0-9]+$ ]] || fail "setting $setting: '${!setting}' must be a whole number"
        ;;
      POLL_SECONDS)
        [[ $POLL_SECONDS =~ ^[0-9]+([.][0-9]+)?$ ]] || fail "setting POLL_SECONDS: '$POLL_SECONDS' must be a number"
        ;;
    esac
  done
}

# require_config: the file is in the clone that is copied to the machine, or a path there; or a name of 'space-jax configs'.
require_config() {
  local file=${CONFIG%%:*} clone
  clone=$(dirname "$TPU_SCRIPTS")
  [[ $file == /* || -f $clone/$file || -f $clone/configs/$file.py ]] ||
    fail "setting CONFIG: '$CONFIG': no file $file in $clone, and no configuration of that name"
}

# refuse_arguments: for the scripts that take flags only.
refuse_arguments() {
  ((${#REST[@]} == 0)) || fail "unexpected argument '${REST[0]}'; --help lists the options"
  ((${#EXTRA[@]} == 0)) || fail "nothing may follow --"
}
