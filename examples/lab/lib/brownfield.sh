# shellcheck shell=bash
# States that an integration may find instead of an untouched cloud.

lab_brownfield() {
  local name=$1
  case $name in
    ceph-2014 | cinder-junk | bare-hosts | second-ceph | by-hand) ;;
    ha) [[ $SUITE == bookworm ]] || die "brownfield ha is of bookworm alone" ;;
    kolla) [[ $suite_engine ]] || die "no container engine for the hosts of $SUITE: say SUITE=trixie" ;;
    *) die "no brownfield '$name': there are ceph-2014, cinder-junk, bare-hosts, second-ceph, by-hand, ha and kolla" ;;
  esac
  packages_ready || phase 'packages' build_packages
  lab_reset
  phase "brownfield $name" "brownfield_${name//-/_}"
  healthy || { cat "$LOGS/health.txt"; die "not healthy after brownfield $name"; }
  [[ $name != by-hand ]] || phase 'brownfield oddities' by_hand_oddities
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

# A cloud that works on Ceph, integrated by hand, with VMs in it. What is odd there and keeps a
# service from running anew comes last, in by_hand_oddities.
by_hand_cinder=8f2c1f3e-0d5b-4c39-9a41-2f8f7f0b6a14
by_hand_nova=3f0b7e52-6c1a-4f0e-8d2b-5e9a4c7d1b60

brownfield_by_hand() {
  local since
  quoted STEP first | run_on ceph01 brownfield-by-hand-ceph.sh
  by_hand_settings first | run_on controller brownfield-by-hand-controller.sh
  by_hand_settings first | run_on compute1 brownfield-by-hand-compute1.sh
  since=$(now)
  wait_healthy 300 "$since"
  cloud_py brownfield-by-hand.py
}

by_hand_oddities() {
  quoted STEP last | run_on ceph01 brownfield-by-hand-ceph.sh
  by_hand_settings last | run_on controller brownfield-by-hand-controller.sh
  by_hand_settings last | run_on compute2 brownfield-by-hand-compute2.sh
}

# by_hand_settings STEP prints what the scripts of all hosts need.
by_hand_settings() {
  quoted STEP "$1"
  quoted SUITE "$SUITE"
  quoted CONF "$(on ceph01 'sudo cat /etc/ceph/ceph.conf')"
  quoted GLANCE_RING "$(by_hand_user glance)"
  quoted CINDER_RING "$(by_hand_user cinder)"
  quoted BACKUP_RING "$(by_hand_user cinder-backup)"
  quoted NOVA_RING "$(by_hand_user nova-compute)"
  quoted CINDER_KEY "$(on ceph01 'sudo ceph auth get-key client.cinder')"
  quoted NOVA_KEY "$(on ceph01 'sudo ceph auth get-key client.nova-compute')"
  quoted CINDER_UUID $by_hand_cinder
  quoted NOVA_UUID $by_hand_nova
  quoted SERVER "$(jq -r .server.id "$OUT/before.json")"
}

# by_hand_user USER prints the keyring of a user, without rights.
by_hand_user() {
  printf '[client.%s]\n\tkey = %s\n' "$1" "$(on ceph01 "sudo ceph auth get-key client.$1")"
}
