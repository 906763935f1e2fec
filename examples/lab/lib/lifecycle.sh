# shellcheck shell=bash
# up, reset and down.

machine_packages='debootstrap systemd-container qemu-utils iproute2 apt-utils jq dosfstools mtools syslinux
  openssh-client cpio python3 util-linux procps'

install_machine_packages() {
  local name missing=()
  for name in $machine_packages; do
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null) == installed ]] || missing+=("$name")
  done
  ((${#missing[@]})) || return 0
  apt-get -q update
  DEBIAN_FRONTEND=noninteractive apt-get -qy --no-install-recommends install "${missing[@]}" </dev/null
}

roots_ready() {
  local name
  for name in base stack ceph compute controller; do layer_ready "$name" || return 1; done
  packages_ready
}

# cloud_key names what the snapshot was made from: a change rebuilds the cloud.
cloud_key() {
  {
    for name in controller compute ceph; do layer_key "$name"; done
    guest_key
    find "$HERE/files" -type f \( -not -path '*/suites/*' -o -path "*/suites/$SUITE/*" \) -not -name '*.pyc' -not -name health.py -not -name 'brownfield-*' \
      -print0 | sort -z | xargs -0 cat
  } | sha256sum | cut -c1-16
}

snapshot_ready() { [[ -d $SNAP && $(cat "$SNAP/key" 2>/dev/null) == "$(cloud_key)" ]]; }

lab_up() {
  local began
  began=$(now)
  machine_or_die
  # The tools come first: the phases write their times with one of them.
  install_machine_packages >"$LOGS/machine-packages.log" 2>&1 || die "apt-get failed: see $LOGS/machine-packages.log"
  if snapshot_ready && [[ -e $STATE/ready ]] && healthy; then
    say "the lab is up and healthy ($(($(now) - began)) s)"
    return
  fi
  build_all
  if snapshot_ready; then
    repair_or_restart "$began"
  else
    first_up "$began"
  fi
}

build_all() {
  layer_ready base || phase 'base root' build_base
  roots_ready || phase 'role layers' build_roots
  phase 'guest image' build_guest
}

# first_up makes the cloud, and of it the snapshot that reset goes back to.
first_up() {
  local began=$1
  rm -f "$STATE/ready"
  forget_hosts
  phase 'keys' make_access
  phase 'boot' start_hosts
  phase 'ceph and controller' make_ceph_and_controller
  phase 'computes' make_computes
  phase 'healthy' finish_cloud
  phase 'objects' cloud_py objects.py
  phase 'snapshot' take_snapshot
  phase 'boot again' boot_to_healthy
  ready "$began" 'up (first)'
}

forget_hosts() {
  local host
  for host in "${ALL_HOSTS[@]}" "${MORE_HOSTS[@]}"; do kill_host "$host"; done
  rm -rf "${HOSTS:?}"/* "$SNAP" "${SHARE:?}"/* "${IMAGES:?}"/* "$OUT/before.json" "$STATE/resetting"
}

make_access() {
  make_access_files
  seed_hosts "${ALL_HOSTS[@]}"
}

make_access_files() {
  make_keys
  secrets_now
  write_access
  write_clouds_yaml
  cmp -s "$CACHE/guest.img" "$OUT/guest.img" || cp "$CACHE/guest.img" "$OUT/guest.img"
}

make_ceph_and_controller() {
  make_ceph &
  local ceph=$!
  make_controller &
  wait_all $ceph $!
}

finish_cloud() {
  touch "$STATE/ready"
  # Nova only finds its computes once they have reported.
  wait_for 120 'the computes' computes_reported
  on controller 'sudo runuser -u nova -- nova-manage cell_v2 discover_hosts'
  wait_healthy 240 0
  rm "$STATE/ready"
}

computes_reported() { [[ $(cloud_py health.py 0 | grep -c '^nova-compute .* up$') == 2 ]]; }

take_snapshot() {
  local host
  rm -rf "$SNAP" "$SNAP.new"
  stop_hosts
  mkdir -p "$SNAP.new"
  for host in "${ALL_HOSTS[@]}"; do
    mv "$HOSTS/$host/upper" "$SNAP.new/$host"
    rm -rf "${HOSTS:?}/$host"
  done
  cp -a --sparse=always "$SHARE" "$SNAP.new/share"
  cloud_key >"$SNAP.new/key"
  mv "$SNAP.new" "$SNAP"
}

boot_to_healthy() {
  local since
  since=$(now)
  start_hosts
  touch "$STATE/ready"
  wait_healthy 300 "$since"
}

ready() {
  touch "$STATE/ready"
  local took=$(($(now) - $1))
  note_time "$2" "$took"
  say "the lab is up and healthy: $2 took $took s; the operator's files are in $OUT"
}

# repair_or_restart brings a stopped or damaged lab back with what the hosts
# have written since the snapshot; if that is beyond repair, resets it.
repair_or_restart() {
  local began=$1
  phase 'keys' make_access_files
  if [[ -e $STATE/resetting ]]; then
    say 'a reset was cut short: doing it again'
    lab_reset
    return
  fi
  if all_hosts_running; then
    if phase 'repair' restart_failed; then ready "$began" 'up (repair)'; return; fi
  else
    say 'not all hosts run: starting them with what they wrote last'
    if phase 'boot' reboot_hosts; then ready "$began" 'up (again)'; return; fi
  fi
  say 'that did not help: back to the untouched cloud'
  lab_reset
}

reboot_hosts() {
  stop_hosts
  boot_to_healthy
}

# restart_failed starts every service of the lab that does not run.
restart_failed() {
  local host
  for host in $(hosts_now); do
    on "$host" "sudo systemctl reset-failed; sudo systemctl start $(units_of "$host")" || true
  done
  touch "$STATE/ready"
  wait_healthy 120 0
}

# lab_reset kills the hosts, forgets what they wrote and boots the snapshot.
lab_reset() {
  local began host
  began=$(now)
  snapshot_ready || die 'there is no snapshot of the present lab: run lab up'
  rm -f "$STATE/ready"
  touch "$STATE/resetting"
  for host in "${ALL_HOSTS[@]}" "${MORE_HOSTS[@]}"; do
    kill_host "$host"
    rm -rf "${HOSTS:?}/$host"
  done
  phase 'share back' restore_share
  phase 'boot to healthy' boot_to_healthy
  rm "$STATE/resetting"
  ready "$began" 'reset'
}

restore_share() {
  mkdir -p "$SHARE"
  find "$SHARE" "$IMAGES" -mindepth 1 -delete
  cp -a --sparse=always "$SNAP/share/." "$SHARE/"
}

lab_down() {
  local began
  began=$(now)
  rm -f "$STATE/ready"
  stop_hosts
  network_down
  if [[ ${1:-} == --purge ]]; then
    rm -rf "${STATE:?}"
    say "down, and $STATE is gone ($(($(now) - began)) s)"
  else
    note_time 'down' $(($(now) - began))
    say "down ($(($(now) - began)) s); the caches and the snapshot stay in $STATE"
  fi
}
