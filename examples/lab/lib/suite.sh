# shellcheck shell=bash
# Which generation of Debian the hosts are: everything that differs between two
# of them is in suites/SUITE.sh and in files/suites/SUITE.

SUITE=${SUITE:-bookworm}
export SUITE

# What most suites have in common; a suite's file sets what is otherwise there.
# shellcheck disable=SC2034  # other files of the program read these
{
  suite_archives=all              # or main: there are no updates and security fixes beside it
  suite_apt=                      # a setting of apt for the builds
  suite_neutron=neutron-server    # the unit of Neutron's API; this one is made by the lab
  suite_access=                   # clusters[].access in the lab's Spec
  suite_engine=                   # packages of a container engine, for brownfield kolla
  suite_qemu=                     # the archive of QEMU, where it is not the suite's own
  declare -A SUITE_PACKAGES=()    # further packages of a layer
}

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
