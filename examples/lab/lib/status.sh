# shellcheck shell=bash
# Is the lab healthy?

# status_lines SINCE prints one line per host and service; fails unless all are
# well. All are asked at the same time, for a quick answer.
status_lines() {
  local host dir pids=() rc=0
  dir=$(mktemp -d)
  for host in $(hosts_now); do
    host_line "$host" >"$dir/1-$host" &
    pids+=($!)
  done
  ceph_line >"$dir/2" &
  pids+=($!)
  cloud_py health.py "${1:-0}" >"$dir/3" 2>&1 &
  pids+=($!)
  wait_all "${pids[@]}" || rc=1
  cat "$dir"/*
  rm -r "$dir"
  # A cloud that runs but that `up` has not finished is not well either.
  [[ -e $STATE/ready ]] || { printf '%-18s %-18s %s\n' lab - 'not finished: run lab up'; rc=1; }
  return $rc
}

lab_status() {
  [[ -d $OUT && -r $SECRETS ]] || { printf '%-18s %-18s %s\n' lab - 'not made: run lab up'; return 1; }
  status_lines
}

# units_of HOST prints its units; brownfield kolla makes some those of containers, and
# brownfield ha has some more.
units_of() {
  local unit units=()
  for unit in $(packaged_units_of "$1"); do
    [[ ! -d $HOSTS/$1/upper/etc/kolla ]] || case $unit in
      glance-api | cinder-volume | cinder-backup | nova-conductor | nova-compute) unit=kolla-${unit//-/_}-container ;;
      libvirtd.socket) unit=kolla-nova_libvirt-container ;;
    esac
    units+=("$unit")
  done
  [[ ! -e $HOSTS/$1/upper/etc/haproxy ]] || units+=(haproxy redis-server)
  echo "${units[@]}"
}

packaged_units_of() {
  if is_more "$1"; then
    echo glance-api cinder-volume cinder-backup
    return
  fi
  case ${ROLE[$1]} in
    ceph) echo ceph-mon@ceph01 ceph-mgr@ceph01 ceph-osd@{0,1,2} ;;
    controller)
      echo mariadb rabbitmq-server memcached keystone placement-api glance-api "$suite_neutron" \
        nova-{api,conductor,scheduler} cinder-{api,scheduler,volume,backup}
      ;;
    compute) echo libvirtd.socket lab-share nova-compute ;;
  esac
}

# host_line tells about the machine and its units: an API goes on calling a
# service up for minutes after its end.
host_line() {
  local text=up idle
  if ! host_running "$1"; then
    text=down
  elif ! idle=$(on "$1" "for unit in $(units_of "$1"); do systemctl -q is-active \$unit || echo \$unit; done" 2>/dev/null); then
    text='no ssh'
  elif [[ -n $idle ]]; then
    text="not running: ${idle//$'\n'/ }"
  fi
  printf '%-18s %-18s %s\n' "$1" "${ADDR[$1]}" "$text"
  [[ $text == up ]]
}

ceph_line() {
  local text
  text=$(on ceph01 'sudo timeout 15 ceph health' 2>/dev/null) || text='no answer'
  printf '%-18s %-18s %s\n' ceph ceph01 "$text"
  [[ $text == HEALTH_OK* ]]
}

# healthy SINCE is status without its lines.
healthy() {
  local rc=0
  status_lines "${1:-0}" >"$LOGS/health.new" 2>&1 || rc=1
  mv "$LOGS/health.new" "$LOGS/health.txt"
  return $rc
}

# wait_healthy SECONDS SINCE waits until every service has reported after SINCE.
wait_healthy() {
  local until=$(($(now) + $1))
  until healthy "$2"; do
    (($(now) < until)) || { cat "$LOGS/health.txt"; return 1; }
    sleep 4 # asking costs the same two cores
  done
}

# lab_logs [HOST] shows the lab's own logs, or what a host's services say.
lab_logs() {
  if [[ -n ${1:-} ]]; then
    on "$1" 'sudo journalctl --no-pager -n 200; sudo sh -c "tail -n 40 /var/log/{nova,cinder,glance,keystone,neutron,placement}/*.log 2>/dev/null"'
  else
    tail -n 20 "$LOGS"/*.log
  fi
}
