# shellcheck shell=bash
# What controller and computes do alike: settings of the lab and, over them, those
# of this suite of Debian.

# set_ini NAME TARGET sets what ini/NAME.ini and the suite's own NAME.ini say.
set_ini() {
  local own=suites/$SUITE/$1.ini
  python3 set-ini.py "ini/$1.ini" "$2"
  [[ ! -e $own ]] || python3 set-ini.py "$own" "$2"
}

# suite_unit NAME gives a unit what the suite has in NAME.service.
suite_unit() {
  local own=suites/$SUITE/$1.service
  [[ ! -e $own ]] || install -D -m 0644 "$own" "/etc/systemd/system/$1.service.d/suite.conf"
}
