package main

import (
	"fmt"
	"strings"

	"github.com/cephstack/cephstack/integrate"
)

// commands are a plan's changes as the guide would have typed them, each with
// the number of the guide's step and the machine.
func commands(plan *integrate.Plan) []string {
	var out []string
	for _, c := range plan.Changes {
		say := func(step int, format string, args ...any) {
			host := c.Target
			if c.Stage == "cluster" {
				host = "ceph01"
			}
			out = append(out, fmt.Sprintf("%d %s: %s", step, host, fmt.Sprintf(format, args...)))
		}
		switch c.Kind {
		case "pool":
			say(1, "ceph osd pool create %s %s", c.Name, desired(c, "pg_num"))
			if desired(c, "application") != "" { // of pools since Luminous
				say(1, "rbd pool init %s", c.Name)
			}
		case "user":
			say(6, "ceph auth get-or-create %s mon '%s' osd '%s'", c.Name, desired(c, "mon"), desired(c, "osd"))
		case "authorized-keys":
			out = append(out, fmt.Sprintf("2 workstation: ssh-copy-id %s@%s", loginUser, c.Target))
		case "sudo-rule":
			say(3, "tee %s", c.Name)
		case "packages":
			say(4, "apt-get install %s", c.Name)
		case "directory":
			say(5, "mkdir %s", c.Name)
		case "file":
			file(c, say)
		case "secret":
			say(9, "virsh secret-define %s", c.Name)
			say(9, "usage name '%s'", desired(c, "usage"))
			say(9, "virsh secret-set-value %s", c.Name)
		case "settings":
			settings(c, say)
		case "unit":
			say(13, "service %s restart", c.Name)
		}
	}
	return out
}

// loginUser is the one of cloud.yaml.
const loginUser = "user"

// file is a keyring, or the cluster's configuration with its sections.
func file(c integrate.Change, say func(int, string, ...any)) {
	if !strings.HasSuffix(c.Name, ".keyring") {
		say(5, "tee %s", c.Name)
		for _, d := range c.Diffs {
			if strings.HasPrefix(d.Field, "[client") {
				say(12, "%s %s=%s", c.Name, d.Field, d.Desired)
			}
		}
		return
	}
	say(7, "tee %s", c.Name)
	owner, mode, _ := strings.Cut(desired(c, "mode"), " ")
	say(7, "chown %s %s", owner, c.Name)
	say(7, "chmod %s %s", mode, c.Name)
}

func settings(c integrate.Change, say func(int, string, ...any)) {
	step := 11
	if strings.Contains(c.Name, "glance") {
		step = 10
	}
	for _, d := range c.Diffs {
		say(step, "%s %s=%s", c.Name, d.Field, d.Desired)
	}
}

func desired(c integrate.Change, field string) string {
	for _, d := range c.Diffs {
		if d.Field == field {
			return d.Desired
		}
	}
	return ""
}
