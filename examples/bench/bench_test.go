//go:build linux

package main

import (
	"encoding/xml"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cephstack/cephstack/remote/remotetest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMedian(t *testing.T) {
	assert.Equal(t, 2.0, median([]float64{3, 1, 2}))
	assert.Equal(t, 2.5, median([]float64{4, 1, 2, 3}))
	assert.Zero(t, median(nil))
}

func TestTheRecordedStateIsWholeAndARotationChangesItsKeys(t *testing.T) {
	a, err := record(t.Context(), theCluster(false))
	require.NoError(t, err)
	b, err := record(t.Context(), theCluster(true))
	require.NoError(t, err)
	assert.Equal(t, a.conf(), b.conf())
	assert.Equal(t, a.Options, b.Options)
	assert.NotEqual(t, a.Secrets[0].Value, b.Secrets[0].Value)
	assert.NotEqual(t, string(a.conf().Data), string(a.drifted()))
}

func TestAMachineInMemoryIsJudgedByWhatItHolds(t *testing.T) {
	d, err := record(t.Context(), theCluster(false))
	require.NoError(t, err)
	m := newCompute("compute", "192.0.2.7")
	before := makeNovaConf("192.0.2.7")
	assert.NotEmpty(t, facts(m, d, before).Fault)
	for _, s := range d.Secrets {
		m.secrets[s.UUID] = [2]string{s.XML, s.Value}
	}
	for _, f := range d.Files {
		m.host.AddFile(f.Path, f.Data, 0o640)
	}
	assert.Contains(t, facts(m, d, before).Fault, "/etc/ceph/ceph.conf is root:root 0640 and should be root:root 0644")
}

func TestNovaConfIsOfTheUsualSize(t *testing.T) {
	conf := string(makeNovaConf("192.0.2.7"))
	assert.InDelta(t, 2000, strings.Count(conf, "\n"), 300)
	ip, ok := iniValue(iniLines([]byte(conf)), "DEFAULT", "my_ip")
	assert.True(t, ok)
	assert.Equal(t, "192.0.2.7", ip)
}

func TestCheckINI(t *testing.T) {
	before := []byte("[a]\nkeep = 1\n#new = <None>\n\n[b]\nnew = other\n")
	options := []wantOption{{"a", "new", "x"}}
	for name, c := range map[string]struct{ after, fault string }{
		"beside the comment":    {"[a]\nkeep = 1\n#new = <None>\nnew = x\n\n[b]\nnew = other\n", ""},
		"instead of it":         {"[a]\nkeep = 1\nnew=x\n[b]\nnew = other\n", ""},
		"not set":               {string(before), `[a] new is "" and should be "x"`},
		"set and then not":      {"[a]\nkeep = 1\nnew = x\nnew = y\n[b]\nnew = other\n", `[a] new is "y" and should be "x"`},
		"a line is lost":        {"[a]\nnew = x\n[b]\nnew = other\n", `line "[b]" is where "keep = 1" was`},
		"the last line is lost": {"[a]\nkeep = 1\nnew = x\n[b]\n", `line "new = other" is gone`},
		"a line too many":       {"[a]\nkeep = 1\nnew = x\n[b]\nnew = other\nmore = 1\n", `line "more = 1" is new`},
	} {
		err := checkINI(before, []byte(c.after), options)
		if c.fault == "" {
			assert.NoError(t, err, name)
		} else {
			assert.EqualError(t, err, c.fault, name)
		}
	}
}

func TestJudge(t *testing.T) {
	before := []hostFacts{{Print: "a"}, {Print: "b", Restarts: 1}}
	changed, err := judge(before, []hostFacts{{Print: "c", Restarts: 1}, {Print: "b", Restarts: 1}}, 1)
	assert.NoError(t, err)
	assert.Equal(t, 1, changed)
	_, err = judge(before, []hostFacts{{Print: "c", Restarts: 1}, {Print: "b", Restarts: 2}}, 1)
	assert.EqualError(t, err, "host 2: 1 restarts and not 0")
	_, err = judge(before, []hostFacts{{Print: "c", Fault: "bad"}, {Print: "b", Restarts: 1}}, 1)
	assert.EqualError(t, err, "host 1: bad")
	_, err = judge(before, []hostFacts{{Print: "c", Restarts: 1}, {Print: "d", Restarts: 1}}, 1)
	assert.EqualError(t, err, "2 hosts changed and not 1")
}

func sampleRows() []row {
	rows := []row{
		{Tool: "cephstack", Target: "sshd", Scenario: "first", N: 1, Wall: 0.5, CPU: 0.01},
		{Tool: "cephstack", Target: "sshd", Scenario: "first", N: 1, RTT: 50, Wall: 0.97, CPU: 0.01, RoundTrips: new(10.0),
			Counted: true},
		{Tool: "cephstack", Target: "sshd", Scenario: "noop", N: 1, RTT: 50, Wall: 0.97, CPU: 0.01, RoundTrips: new(9.5),
			Counted: true},
		{Tool: "ansible", Target: "sshd", Scenario: "first", N: 1, RTT: 50, Wall: 12, CPU: 0.01},
		{Tool: "floor", Target: "sshd", Scenario: "true", N: 100, Wall: 2},
	}
	for tool, seconds := range map[string]float64{"cephstack": 3, "ansible": 96, "clush": 2.7} {
		rows = append(rows, row{Tool: tool, Target: "sshd", Scenario: "first", N: 100, Wall: seconds, CPU: seconds / 10})
	}
	return rows
}

func TestBars(t *testing.T) {
	r := &results{Rows: sampleRows()}
	r.roundTrips()
	met := map[string]string{}
	for _, b := range bars(r.Rows) {
		switch {
		case !b.known:
		case b.met():
			met[b.name] = "yes"
		default:
			met[b.name] = "NO"
		}
	}
	assert.Equal(t, map[string]string{
		"wall of ansible over ours, first, n=100":      "yes",
		"CPU of ansible over ours, first, n=100":       "NO",
		"wall of clush over ours, first, n=100":        "NO",
		"CPU of clush over ours, first, n=100":         "NO",
		"our wall over the floor, first, n=100":        "yes",
		"round trips, first, n=1, counted":             "yes",
		"round trips, noop, n=1, counted":              "NO",
		"wall of ansible over ours, first, n=1, 50 ms": "NO",
	}, met)
	assert.Contains(t, barTable(bars(r.Rows)), "not measured")
}

func TestAFailedRunTakesTheTimesAway(t *testing.T) {
	r := summarize(cell{tool: "clush", target: "sshd", n: 1}, "first",
		[]sample{{usage: usage{Wall: 1}}, {err: "did nothing"}})
	assert.Equal(t, "did nothing", r.Error)
	assert.Zero(t, r.Wall)
}

func TestWhatWouldTakeTooLongIsSkipped(t *testing.T) {
	b := &bench{options: options{limit: 100 * time.Second}, took: map[string]last{}}
	c := cell{tool: "ansible", target: "sshd", n: 1000}
	assert.Empty(t, b.tooLong(c))
	b.took[c.key()] = last{100, 20}
	assert.Contains(t, b.tooLong(c), "some 200 s expected")
}

func TestSlowPeersComeLastAndDoTheRestOnce(t *testing.T) {
	assert.Equal(t, [][]string{{"cephstack", "floor", "bare", "clush"}, {"mitogen", "ansible"}}, rounds(allTools()))
	b := &bench{options: options{once: 20 * time.Second}}
	slow := map[string][]sample{"first": {{usage: usage{Wall: 21}}}}
	quick := map[string][]sample{"first": {{usage: usage{Wall: 19}}}}
	assert.Equal(t, []string{"first", "noop"}, b.again(cell{tool: "ansible"}, allScenarios(), slow))
	assert.Equal(t, allScenarios(), b.again(cell{tool: "ansible"}, allScenarios(), quick))
	assert.Equal(t, allScenarios(), b.again(cell{tool: "ansible"}, allScenarios(), nil))
	assert.Equal(t, allScenarios(), b.again(cell{tool: "cephstack"}, allScenarios(), slow))
	assert.Equal(t, []string{"first"}, b.again(cell{tool: "clush"}, []string{"first"}, slow))
}

func TestResultsGoOnFromAFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "results.json")
	r, err := openResults(name, true)
	require.NoError(t, err)
	for _, row := range sampleRows() {
		r.put(row)
	}
	require.NoError(t, r.save())
	r, err = openResults(name, true)
	require.NoError(t, err)
	r.put(row{Tool: "floor", Target: "sshd", Scenario: "true", N: 100, Wall: 5})
	assert.Len(t, r.Rows, len(sampleRows()))
	found, ok := find(r.Rows, row{Tool: "floor", Target: "sshd", Scenario: "true", N: 100})
	assert.True(t, ok)
	assert.Equal(t, 5.0, found.Wall)
	data, err := os.ReadFile(name)
	require.NoError(t, err)
	for _, field := range []string{"tool", "scenario", "n", "rtt_ms", "wall_s", "controller_cpu_s", "max_rss_mib",
		"round_trips", "changed"} {
		assert.Contains(t, string(data), `"`+field+`":`)
	}
}

func TestThePlotIsXML(t *testing.T) {
	d := xml.NewDecoder(strings.NewReader(plot(sampleRows())))
	for {
		_, err := d.Token()
		if err == io.EOF {
			return
		}
		require.NoError(t, err)
	}
}

func TestOptions(t *testing.T) {
	o, err := parseOptions([]string{"-tools", "floor", "-n", "10,1", "-rtt", "0,50"})
	require.NoError(t, err)
	assert.Equal(t, []int{1, 10}, o.sizes)
	assert.Equal(t, []time.Duration{0, 50 * time.Millisecond}, o.rtts)
	_, err = parseOptions([]string{"-tools", "chef"})
	assert.Error(t, err)
	_, err = parseOptions([]string{"-n", "many"})
	assert.Error(t, err)
}

// TestTheToolWorksOverSSH runs what is measured on two computes in memory.
func TestTheToolWorksOverSSH(t *testing.T) {
	dir := t.TempDir()
	j := job{Tool: "cephstack", Known: filepath.Join(dir, "known_hosts"), Cluster: theCluster(false), Parallel: 2}
	var key []byte
	var known string
	for _, name := range []string{"compute0", "compute1"} {
		m := newCompute(name, "192.0.2.7")
		serve := remotetest.Serve
		if key != nil {
			serve = func(h *remotetest.Host) (*remotetest.Server, error) { return remotetest.ServeKey(h, key) }
		}
		server, err := serve(m.host)
		require.NoError(t, err)
		t.Cleanup(func() { server.Close() })
		key, known = server.Key, known+server.KnownHost
		j.Hosts = append(j.Hosts, jobHost{name, server.Address, filepath.Join(dir, "id")})
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "id"), key, 0o600))
	require.NoError(t, os.WriteFile(j.Known, []byte(known), 0o600))
	var d driven
	require.NoError(t, j.own(t.Context(), &d))
	assert.NotZero(t, d.Changes)
	assert.Equal(t, d.Changes, d.Applied)
	d = driven{}
	require.NoError(t, j.own(t.Context(), &d))
	assert.Zero(t, d.Changes, "it is done")
}
