# shellcheck shell=bash
# Which generation of Debian the hosts are: everything that differs between two
# of them is in suites/SUITE.sh and in files/suites/SUITE.

SUITE=${SUITE:-bookworm}
export SUITE

suites() {
  local files=("$HERE"/lib/suites/*.sh)
  files=("${files[@]##*/}")
  echo "${files[@]%.sh}"
}

[[ $SUITE != */* && -r $HERE/lib/suites/$SUITE.sh ]] || { echo "lab: no suite '$SUITE': there are $(suites)" >&2; exit 2; }
# shellcheck source=/dev/null
. "$HERE/lib/suites/$SUITE.sh"

# state_of_suite prints where a suite's lab keeps its state.
state_of_suite() {
  case $1 in
    bookworm) echo /var/lib/cephstack-lab ;;
    *) echo "/var/lib/cephstack-lab-$1" ;;
  esac
}
