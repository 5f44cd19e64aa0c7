# shellcheck shell=bash
# shellcheck disable=SC2034  # PROCESS_INDEX is read by run.sh
# Which process of the run this host is. Sourced; exports what `initialise_distributed` reads, and sets PROCESS_INDEX.
#
# On GPU hosts launch_hosts.sh has set the variables. On a TPU machine the metadata server knows: the number of this
# worker, and the addresses of all in their order. A single host needs none of the variables.

COORDINATOR_PORT=8482

metadata() {
  curl --silent --fail --max-time 10 --header 'Metadata-Flavor: Google' \
    "http://metadata.google.internal/computeMetadata/v1/instance/attributes/$1" || true
}

find_processes() {
  PROCESS_INDEX=${JAX_PROCESS_ID:-0}
  [[ -z ${JAX_NUM_PROCESSES:-} ]] || return 0
  local number endpoints first
  number=$(metadata agent-worker-number)
  endpoints=$(metadata worker-network-endpoints)
  [[ $number =~ ^[0-9]+$ && $endpoints == *,* ]] || return 0
  local hosts
  IFS=, read -r -a hosts <<<"$endpoints"
  first=${hosts[0]##*:} # `name:id:address`, or the address alone
  export JAX_COORDINATOR_ADDRESS="$first:$COORDINATOR_PORT"
  export JAX_NUM_PROCESSES="${#hosts[@]}"
  export JAX_PROCESS_ID="$number"
  PROCESS_INDEX=$number
}
