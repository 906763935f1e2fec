# shellcheck shell=bash
# States that an integration may find instead of an untouched cloud.

lab_brownfield() {
  local name=$1
  case $name in
    ceph-2014 | cinder-junk) ;;
    *) die "no brownfield '$name': there are ceph-2014 and cinder-junk" ;;
  esac
  lab_reset
  phase "brownfield $name" "brownfield_${name//-/_}"
  healthy || { cat "$LOGS/health.txt"; die "not healthy after brownfield $name"; }
  say "brownfield $name is in place"
}

brownfield_ceph_2014() { run_on ceph01 brownfield-ceph.sh </dev/null; }

brownfield_cinder_junk() {
  local since
  run_on controller brownfield-cinder.sh </dev/null
  since=$(now)
  on controller 'sudo systemctl restart cinder-volume cinder-backup cinder-scheduler cinder-api' </dev/null
  wait_healthy 120 "$since"
}
