package integrate_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
)

// largeCloud is a Spec of 400 computes, as it is written for people.
const largeCloud = `release: zed
packages: install
clusters:
  - name: ceph
    host: ceph01
ssh:
  user: deploy
  sudo: true
  key_files: [id_ed25519]
  known_hosts: [known_hosts]
groups:
  computes: {services: [nova-compute]}
hosts:
  - {name: ceph01, address: 10.0.0.11}
  - {name: control01, address: 10.0.0.21, services: [glance-api, cinder-volume, cinder-backup]}
  - {name: "compute[001-400]", group: computes, address: "10.1.0.[1-400]"}
glance: {}
cinder:
  backends:
    - {name: ceph}
backup: {}
nova: {}
cloud: {name: prod}
`

// screens is how many lines a text has on a terminal of so many columns.
func screens(text string, columns int) (lines int) {
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		lines += 1 + max(0, len([]rune(line))-1)/columns
	}
	return lines
}

// TestAPlanOf400ComputesFitsOnTwoScreens: equal hosts are told once, and Full tells all.
func TestAPlanOf400ComputesFitsOnTwoScreens(t *testing.T) {
	require.LessOrEqual(t, strings.Count(largeCloud, "\n"), 25)
	s, err := spec.Load(strings.NewReader(largeCloud), t.TempDir())
	require.NoError(t, err)
	began := time.Now()
	p := plan(t, integratetest.Open(t, s).Integration(t))
	t.Log("world and plan:", time.Since(began))
	text, full := p.String(), p.Full()
	assert.LessOrEqual(t, screens(text, 120), 100)
	assert.Contains(t, text, "\n  compute[001-400] (400 hosts)\n")
	for _, h := range s.Hosts[2:] {
		assert.Equal(t, 6, strings.Count(full, h.Name+": "), h.Name)
	}
	assert.Len(t, p.Changes, strings.Count(full, "\n  + ")+strings.Count(full, "\n  ~ ")+strings.Count(full, "\n  ! "))
}

// unfolded are the lines of a plan, each with the change and the host that it is about.
func unfolded(t *testing.T, text string) (lines []string) {
	t.Helper()
	var hosts []string
	change, indent := "", 0
	for line := range strings.SplitSeq(text, "\n") {
		title := titleForm.FindStringSubmatch(line)
		one, several := changeForm.FindStringSubmatch(line), severalForm.FindStringSubmatch(line)
		finding := findingForm.FindStringSubmatch(line)
		switch {
		case title != nil:
			hosts = expanded(t, title[1])
			assert.Equal(t, title[2], fmt.Sprint(len(hosts)))
		case one != nil:
			hosts, change, indent = []string{one[2]}, one[1]+one[3], 6
		case several != nil:
			change, indent = several[1], 8
		case finding != nil:
			for _, name := range expanded(t, finding[2]) {
				lines = append(lines, finding[1]+name+strings.ReplaceAll(finding[3], "HOST", name))
			}
			continue
		case !strings.HasPrefix(line, "      "):
			lines = append(lines, line)
			continue
		}
		if title == nil {
			for _, name := range hosts {
				lines = append(lines, name+"|"+change+"|"+strings.TrimPrefix(line, strings.Repeat(" ", indent)))
			}
		}
	}
	for i, line := range lines { // the line of a change itself differs
		if at := strings.Split(line, "|"); len(at) == 3 && strings.HasSuffix(at[2], strings.TrimLeft(at[1], "+~! ")) {
			lines[i] = at[0] + "|" + at[1]
		}
	}
	slices.Sort(lines)
	return lines
}

var (
	titleForm   = regexp.MustCompile(`^  ([^ +~!].*) \((\d+) hosts\)$`)
	changeForm  = regexp.MustCompile(`^  ([+~!] )([^ ]+): (.*)$`)
	severalForm = regexp.MustCompile(`^    ([+~!] .*)$`)
	findingForm = regexp.MustCompile(`^((?:note|PROBLEM): )\d+ hosts \((.*?)\)(.*)$`)
)

func expanded(t *testing.T, list string) (names []string) {
	t.Helper()
	for text := range strings.SplitSeq(list, ", ") {
		some, err := spec.ExpandNames(text)
		require.NoError(t, err)
		names = append(names, some...)
	}
	return names
}

// TestFoldingHidesNothing: the folded text of a plan has all that Full has, of hosts that
// differ in a change, a diff, or a finding, too.
func TestFoldingHidesNothing(t *testing.T) {
	s := exampleSpec()
	for i := range 9 {
		s.Hosts = append(s.Hosts, spec.Host{Name: fmt.Sprintf("node%d", i), Services: []string{"nova-compute"}})
	}
	w := integratetest.Open(t, s)
	w.Machines["node1"].AddFile("/etc/nova/nova.conf", []byte("[libvirt]\nrbd_user = other\n"), 0o640)
	w.Machines["node2"].RemoveDir("/etc/nova")
	w.Machines["node3"].RemoveDir("/etc/nova")
	for _, name := range []string{"node5", "node6", "node8"} {
		w.Hosts[name] = closed{func() error {
			return &remote.HostError{Host: name, Step: "connect", Err: remote.ErrUnreachable}
		}}
	}
	p := plan(t, w.Integration(t))
	text := p.String()
	assert.Equal(t, unfolded(t, p.Full()), unfolded(t, text), text)
	for _, want := range []string{
		"\n  compute[1-2], node[0-4,7] (8 hosts)\n", "\n  ~ node1: settings /etc/nova/nova.conf  (",
		"\n      [libvirt] rbd_user: other -> cinder",
		"\n  compute[1-2], node[0,4,7] (5 hosts)\n    ~ settings /etc/nova/nova.conf  (",
		"\nPROBLEM: 2 hosts (node[2-3]) /etc/nova/nova.conf: ",
		"\nPROBLEM: 3 hosts (node[5-6,8]): cannot be read, so nothing is planned for it: HOST: connect: ",
	} {
		assert.Contains(t, text, want)
	}
}

// TestNamesThatDoNotFold are all there, on lines that fit.
func TestNamesThatDoNotFold(t *testing.T) {
	p := &integrate.Plan{}
	var all []string
	for i := range 26 * 4 {
		name := strings.Repeat(string(rune('a'+i%26)), 5) + strings.Repeat("x", i/26) + ".cloud.example"
		all = append(all, name)
		p.Changes = append(p.Changes, integrate.Change{ID: name, Stage: "computes", Kind: "file", Action: integrate.Create,
			Target: name, Name: "/a", Reason: "r"})
	}
	text := p.String()
	for _, name := range all {
		assert.Equal(t, 1, strings.Count(text, " "+name), name)
	}
	assert.Contains(t, text, " (104 hosts)\n    + file /a  (r)\n")
	assert.Equal(t, strings.Count(text, "\n"), screens(text, 120))
	p.LeftOut = all
	assert.Contains(t, p.String(), "the rest of eeeee.cloud.example and 99 more.")
}
