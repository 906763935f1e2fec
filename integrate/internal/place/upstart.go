package place

import "strings"

// upstartLayout is that of Ubuntu 12.04 and 14.04: the jobs of Upstart in place of the
// units of systemd.
func upstartLayout() map[string]Service {
	all := debianLayout()
	for name, l := range all {
		l.Unit = strings.TrimSuffix(l.Unit, ".service")
		all[name] = l
	}
	return all
}
