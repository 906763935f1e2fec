# shellcheck shell=bash
# States that an integration may find instead of an untouched cloud.

lab_brownfield() {
  local name=$1
  case $name in
    ceph-2014 | cinder-junk | bare-hosts | second-ceph) ;;
    ha) [[ $SUITE == bookworm ]] || die "brownfield ha is of bookworm alone" ;;
    kolla) [[ $suite_engine ]] || die "no container engine for the hosts of $SUITE: say SUITE=trixie" ;;
    *) die "no brownfield '$name': there are ceph-2014, cinder-junk, bare-hosts, second-ceph, ha and kolla" ;;
  esac
  packages_ready || phase 'packages' build_packages
  lab_reset
  phase "brownfield $name" "brownfield_${name//-/_}"
  healthy || { cat "$LOGS/health.txt"; die "not healthy after brownfield $name"; }
  say "brownfield $name is in place"
}

brownfield_ceph_2014() { run_on ceph01 brownfield-ceph.sh </dev/null; }

# The password of the account installer, and the key that deploy is to get, are
# in the folder out.
brownfield_bare_hosts() {
  local host key
  [[ -s $OUT/deploy_ed25519 ]] || ssh-keygen -q -t ed25519 -N '' -C deploy@lab -f "$OUT/deploy_ed25519"
  (umask 077; secret installer >"$OUT/installer_password")
  for host in "${ALL_HOSTS[@]}"; do
    key=
    [[ ${ROLE[$host]} != ceph ]] || key=$(cat "$OUT/deploy_ed25519.pub")
    printf "PASSWORD='%s'\nKEY='%s'\n" "$(secret installer)" "$key" | run_on "$host" brownfield-bare.sh
  done
}

brownfield_second_ceph() {
  settings_of_ceph west | run_on ceph01 ceph01.sh
  wait_for 60 'the second ceph' second_ceph_healthy
}

second_ceph_healthy() { [[ $(on ceph01 'sudo timeout 20 ceph --cluster west health') == HEALTH_OK* ]]; }

# The services that an integration touches are in containers then; the others stay
# as packaged.
brownfield_kolla() {
  local host pids=()
  for host in controller compute1 compute2; do
    quoted PACKAGES "$suite_engine ceph-common python3-rbd" | run_on "$host" brownfield-kolla.sh &
    pids+=($!)
  done
  wait_all "${pids[@]}"
  wait_healthy 300 "$(now)"
}

brownfield_cinder_junk() {
  local since
  run_on controller brownfield-cinder.sh </dev/null
  since=$(now)
  on controller 'sudo systemctl restart cinder-volume cinder-backup cinder-scheduler cinder-api' </dev/null
  wait_healthy 120 "$since"
}
