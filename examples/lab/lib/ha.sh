# shellcheck shell=bash
# Brownfield ha: a cloud whose Glance and Cinder are on three controllers.

# What the first controller has beside OpenStack: a balancer and a coordinator.
ha_packages='haproxy redis-server'

ha_packages_key() { echo "$(layer_key controller) $ha_packages"; }

# build_ha_packages fetches the packages against the controller's own layers.
build_ha_packages() {
  local dir=$CACHE/ha
  [[ $(cat "$dir.key" 2>/dev/null) != "$(ha_packages_key)" ]] || return 0
  rm -rf "$dir" "$dir.key"
  # shellcheck disable=SC2086  # a list of packages
  download "$dir" controller:stack:base $ha_packages
  ha_packages_key >"$dir.key"
}

brownfield_ha() {
  local host pids=()
  build_ha_packages
  make_more_hosts
  tar -C "$CACHE/ha" -c . | on controller 'sudo sh -c "mkdir -p /run/ha && tar -x -C /run/ha"'
  settings_of_ha controller | run_on controller brownfield-ha.sh
  for host in "${MORE_HOSTS[@]}"; do
    settings_of_ha "$host" | run_on "$host" brownfield-ha.sh &
    pids+=($!)
  done
  wait_all "${pids[@]}"
  wait_for 300 "cinder's services on three controllers" ha_reported
  wait_healthy 300 "$(now)"
}

# make_more_hosts makes the hosts from the controller's layers, not from what the
# controller has written, and tells every host their names.
make_more_hosts() {
  local host
  for host in "${MORE_HOSTS[@]}"; do mkdir -p "$HOSTS/$host"; done
  make_access_files
  seed_hosts "${MORE_HOSTS[@]}"
  for host in "${MORE_HOSTS[@]}"; do start_host "$host"; done
  for host in "${MORE_HOSTS[@]}"; do wait_for 120 "ssh to $host" on "$host" true; done
  for host in "${ALL_HOSTS[@]}"; do hosts_file | on "$host" 'sudo tee /etc/hosts'; done
}

settings_of_ha() {
  local host servers=()
  settings_of "$1"
  for host in controller "${MORE_HOSTS[@]}"; do servers+=("$host=${ADDR[$host]}"); done
  quoted SERVERS "${servers[*]}"
}

ha_reported() {
  local text
  text=$(cloud_py health.py 0) || true
  [[ $(grep -c '^cinder-volume .* up$' <<<"$text") == 3 && $(grep -c '^cinder-backup .* up$' <<<"$text") == 3 ]]
}
