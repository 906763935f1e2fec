# shellcheck shell=bash
# Words that every part of the lab uses: paths, addresses, logging, phases.

# shellcheck disable=SC2034  # other files of the program read these
{
  STATE=${CEPHSTACK_LAB:-$(state_of_suite "$SUITE")}
  CACHE=$STATE/cache      # root layers, packages, guest image: survive `down`
  ROOTS=$CACHE/roots
  HOSTS=$STATE/hosts      # what the running hosts have written
  SNAP=$STATE/snap        # what the untouched cloud had written
  SHARE=$STATE/share      # the folder behind Cinder's NFS backend
  SHARE_NAME=controller:/srv/nfs
  IMAGES=$STATE/images    # the folder that several Glances share, in brownfield ha
  SECRETS=$STATE/secrets
  OUT=$STATE/out
  LOGS=$STATE/log
  RUN=/run/cephstack-lab  # what all labs of the machine share: the lock, and whose hosts run

  ALL_HOSTS=(ceph01 controller compute1 compute2)
  MORE_HOSTS=(controller2 controller3)  # those of brownfield ha, until the next reset
  BRIDGE=cslab0
  BRIDGE_ADDR=10.221.0.1
  NETMASK=24
  declare -A ADDR=([ceph01]=10.221.0.11 [controller]=10.221.0.21 [controller2]=10.221.0.22 [controller3]=10.221.0.23
    [compute1]=10.221.0.31 [compute2]=10.221.0.32)
  declare -A ROLE=([ceph01]=ceph [controller]=controller [controller2]=controller [controller3]=controller
    [compute1]=compute [compute2]=compute)
}

say() { printf '%s\n' "$*"; }
warn() { printf 'lab: %s\n' "$*" >&2; }
die() { warn "$*"; exit 1; }

now() { date +%s; }

# phase NAME COMMAND… runs a command with its output in a log of its own and
# tells how long it took. It runs in a new process of this program: inside an
# `if`, bash would switch `set -e` off in all that the command calls.
phase() {
  local name=$1 log began
  shift
  log=$LOGS/${name// /-}.log
  began=$(now)
  if "$LAB" _do "$@" >"$log" 2>&1 </dev/null; then
    printf '== %-28s %4d s\n' "$name" $(($(now) - began))
    note_time "$name" $(($(now) - began))
    return
  fi
  printf '!! %s failed after %d s; the end of %s:\n' "$name" $(($(now) - began)) "$log" >&2
  tail -n 15 "$log" >&2
  return 1
}

# note_time NAME SECONDS keeps the last duration of each phase in timings.json.
note_time() {
  local file=$OUT/timings.json tmp
  [[ -s $file ]] || echo '{}' >"$file"
  tmp=$(mktemp "$OUT/.timings.XXXXXX")
  jq --arg name "$1" --argjson seconds "$2" '.[$name] = $seconds' "$file" >"$tmp" && mv "$tmp" "$file"
}

# wait_for SECONDS WHAT COMMAND… polls until the command succeeds.
wait_for() {
  local limit=$1 what=$2 until
  shift 2
  until=$(($(now) + limit))
  until "$@" >/dev/null 2>&1; do
    (($(now) < until)) || { warn "$what: not within $limit s"; return 1; }
    sleep 1
  done
}

# wait_all PID… waits for each and fails if one failed.
wait_all() {
  local rc=0 pid
  for pid in "$@"; do wait "$pid" || rc=1; done
  return $rc
}

make_state() {
  umask 022
  mkdir -p "$STATE" "$CACHE" "$ROOTS" "$HOSTS" "$SHARE" "$IMAGES" "$LOGS"
  (umask 077; mkdir -p "$SECRETS" "$OUT")
}

# secret NAME prints a random password, made at the first call.
secret() {
  local file=$SECRETS/$1
  [[ -s $file ]] || (umask 077; head -c 18 /dev/urandom | base64 | tr -d '+/=' >"$file")
  cat "$file"
}

# take_lock lets one lab command at a time change things.
take_lock() {
  (umask 077; mkdir -p "$RUN")
  exec 9>>"$RUN/lock"
  flock -n 9 || { say "waiting for another lab command: $(cat "$RUN/lock")"; flock 9; }
  echo "$1 ($SUITE), process $$, since $(date +%T)" >"$RUN/lock"
}
