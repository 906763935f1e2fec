package explain_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate/explain"
	"github.com/cephstack/cephstack/integrate/internal/kind"
	"github.com/cephstack/cephstack/integrate/internal/proof"
	"github.com/cephstack/cephstack/integrate/internal/want"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/integrate/spec/reference"
)

// TestEachTopicHasAllItsParts also finds a paragraph that begins with a misspelt part: it becomes one of Means.
func TestEachTopicHasAllItsParts(t *testing.T) {
	seen := map[string]bool{}
	sentence := regexp.MustCompile(`^["A-Z0-9a-z].*[.]$`)
	all := names(explain.All())
	for _, topic := range explain.All() {
		name := topic.Title()
		assert.False(t, seen[string(topic.Sort)+topic.Name], "%s is there twice", name)
		seen[string(topic.Sort)+topic.Name] = true
		assert.Regexp(t, sentence, topic.Means, name)
		assert.Regexp(t, sentence, topic.Why, name)
		assert.Regexp(t, sentence, topic.Next, name)
		assert.NotRegexp(t, `(^|\. )(Why|Next|See|Fields?|Related): `, topic.Means, name)
		assert.Equal(t, topic.Sort == explain.OfCode || topic.Sort == explain.OfAudit, topic.Level != "", name)
		assert.NotEmpty(t, topic.See, name)
		assert.NotEmpty(t, topic.Fields, name)
		assert.NotEmpty(t, topic.Related, name)
		for _, other := range topic.Related {
			assert.Contains(t, all, other, name)
			assert.NotEqual(t, topic.Name, other, name)
		}
	}
}

// TestEachFileIsRead counts the headings of all files of texts.
func TestEachFileIsRead(t *testing.T) {
	files, err := filepath.Glob("texts/*")
	require.NoError(t, err)
	headings := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		headings += strings.Count(string(text), "\n## ")
	}
	assert.Len(t, explain.All(), headings)
}

func names(topics []explain.Topic) (names []string) {
	for _, topic := range topics {
		names = append(names, topic.Name)
	}
	return names
}

// TestEachCodeHasAText compares with the list in the documentation of integrate.Finding, which a test of package
// integrate holds against the codes in the source. The list says which codes are notes.
func TestEachCodeHasAText(t *testing.T) {
	source, err := os.ReadFile("../finding.go")
	require.NoError(t, err)
	comment, _, found := strings.Cut(string(source), "\ntype Finding struct")
	require.True(t, found)
	var codes []string
	for _, m := range regexp.MustCompile(`(?m)^//   - ([a-z0-9-]+):( note:)?`).FindAllStringSubmatch(comment, -1) {
		codes = append(codes, m[1])
		topic, ok := explain.Code(m[1])
		if !assert.True(t, ok, "no text for %s: write one into a file of texts", m[1]) {
			continue
		}
		if m[2] != "" {
			assert.Equal(t, "note", topic.Level, m[1])
		} else {
			assert.Contains(t, []string{"problem", "problem or note"}, topic.Level, m[1])
		}
	}
	require.Greater(t, len(codes), 150)
	assert.ElementsMatch(t, codes, names(explain.Codes()))
}

// TestEachCodeOfAnAuditHasAText compares with the list in the documentation of audit.Finding, which a test of package
// audit holds against the codes in the source.
func TestEachCodeOfAnAuditHasAText(t *testing.T) {
	source, err := os.ReadFile("../audit/finding.go")
	require.NoError(t, err)
	var codes []string
	for _, m := range regexp.MustCompile(`(?m)^//   - ([a-z0-9-]+): ([a-z]+):`).FindAllStringSubmatch(string(source), -1) {
		codes = append(codes, m[1])
		topic, ok := explain.Audit(m[1])
		if assert.True(t, ok, "no text for %s: write one into a file of texts", m[1]) {
			assert.Equal(t, m[2], topic.Level, m[1])
		}
	}
	require.Greater(t, len(codes), 15)
	assert.ElementsMatch(t, codes, names(explain.Audits()))
}

// TestEachCodeOfARotationHasAText compares with the codes in the source of rotate and of what decides for it.
func TestEachCodeOfARotationHasAText(t *testing.T) {
	says := regexp.MustCompile(`(?:Code: |wait\(|bar\(|problem\(|Bar\{|Code, st\.Wait = Nothing, |sessionCode = +|` +
		`keepsCode += +|\treturn )"([a-z-]+)",? `)
	found := map[string]bool{}
	for _, folder := range []string{"../rotate", "../internal/rotation"} {
		files, err := filepath.Glob(folder + "/*.go")
		require.NoError(t, err)
		for _, file := range files {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			for _, m := range says.FindAllStringSubmatch(string(text), -1) {
				found[m[1]] = true
				_, ok := explain.Rotation(m[1])
				assert.True(t, ok, "%s: no text for %s: write one into texts/rotation.md", file, m[1])
			}
		}
	}
	assert.Greater(t, len(found), 30)
	for _, topic := range explain.Rotations() {
		assert.True(t, found[topic.Name], "no rotation says %s", topic.Name)
	}
}

// richSpecs have among them all that asks for a check.
func richSpecs() []spec.Spec {
	one := spec.Spec{Release: "zed", Clusters: []spec.Cluster{{Name: "ceph"}},
		Prepare: &spec.Prepare{Authorize: &spec.Authorize{Keys: []string{"ssh-ed25519 AAAA"}}, Sudo: &spec.Sudo{}},
		Hosts: []spec.Host{{Name: "controller", Services: []string{"glance-api", "cinder-volume", "cinder-backup"}},
			{Name: "controller2", Services: []string{"cinder-volume"}},
			{Name: "compute1", Services: []string{"nova-compute"}}, {Name: "compute2", Services: []string{"nova-compute"}}},
		Glance: &spec.Glance{Stores: []spec.Store{{Name: "fast", Pool: "fast"}}},
		Cinder: &spec.Cinder{Backends: []spec.Backend{{Name: "ceph", VolumeType: "ceph", AvailabilityZone: "az1"},
			{Name: "fast", Pool: "fast", VolumeType: "fast"}}},
		Backup: &spec.Backup{}, Nova: &spec.Nova{}}
	two := one.Clone()
	two.Clusters = append(two.Clusters, spec.Cluster{Name: "west"})
	without := one.Clone()
	without.Glance = nil
	return []spec.Spec{one, two, without}
}

// checkIDs are the IDs of checks that Verify can make for the rich Specs, and those in the golden reports.
func checkIDs(t *testing.T) (ids []string) {
	t.Helper()
	for _, s := range richSpecs() {
		site := want.Resolve(s)
		extent := proof.Extent{Targets: site.Targets(), Computes: proof.ComputesOf(site)}
		for _, k := range proof.KnownOf(site, kind.NewCatalog(site), extent) {
			ids = append(ids, k.ID)
		}
	}
	reports, err := filepath.Glob("../testdata/golden/*/*report.json")
	require.NoError(t, err)
	require.NotEmpty(t, reports)
	for _, file := range reports {
		var report struct{ Checks []struct{ ID string } }
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(text, &report))
		for _, c := range report.Checks {
			ids = append(ids, c.ID)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

func TestEachCheckHasAText(t *testing.T) {
	used := map[string]bool{}
	for _, id := range checkIDs(t) {
		topic, ok := explain.Check(id)
		assert.True(t, ok, "no text for %s: write one into a file of texts", id)
		used[topic.Name] = true
	}
	for _, topic := range explain.Checks() {
		assert.True(t, used[topic.Name], "no check is called %s", topic.Name)
	}
}

// TestEachKindOfChangeHasAText compares with the table in the package document of integrate, which a test of that
// package holds against the plans of its golden files.
func TestEachKindOfChangeHasAText(t *testing.T) {
	document, err := os.ReadFile("../doc.go")
	require.NoError(t, err)
	var kinds []string
	for _, m := range regexp.MustCompile(`(?m)^//\t([a-z-]+) +(?:cluster|host|cloud) `).FindAllStringSubmatch(
		string(document), -1) {
		kinds = append(kinds, m[1])
	}
	require.Greater(t, len(kinds), 10)
	assert.Equal(t, kinds, names(explain.Changes()))
}

func TestFieldsAreThere(t *testing.T) {
	for _, topic := range explain.All() {
		for _, path := range topic.Fields {
			field, ok := reference.Lookup(path)
			if assert.True(t, ok, "%s: the Spec has no field %s: %s", topic.Name, path, reference.Suggest(path)) {
				assert.Equal(t, path, strings.ReplaceAll(field.Path, "[]", ""), topic.Name)
			}
		}
	}
}

func TestLookup(t *testing.T) {
	for name, want := range map[string][]string{
		"files/compute1":               {"files/HOST"},
		"files":                        {"files/HOST"},
		"files compute1":               {"files/HOST"},
		"vm on compute3":               {"vm-on-COMPUTE"},
		"image in ceph":                {"image-in-ceph"},
		"ceph-health ceph":             {"ceph-health/CLUSTER"},
		"rights client.glance":         {"rights-client.NAME"},
		"vm-on-compute3":               {"vm-on-COMPUTE"},
		"vm-on":                        {"vm-on-COMPUTE"},
		"rights":                       {"rights-client.NAME"},
		"rights-client.glance":         {"rights-client.NAME"},
		"rights-client.glance-in-west": {"rights-client.NAME-in-CLUSTER"},
		"image-in-ceph-on-store-fast":  {"image-in-ceph-on-store-STORE"},
		"volume-from-image-is-a-copy-on-write-child-on-backend-x": {
			"volume-from-image-is-a-copy-on-write-child-on-backend-BACKEND"},
		"pool-in-use":  {"pool-in-use"},
		"packages":     {"packages/HOST", "packages"},
		"volume-types": {"volume-types"},
		"image":        nil, // of several checks
		"volume-ty":    nil,
		"":             nil,
		"nonsense":     nil,
	} {
		assert.Equal(t, want, names(explain.Lookup(name)), name)
	}
}

func TestSuggest(t *testing.T) {
	assert.Equal(t, []string{"pool-in-use"}, explain.Suggest("pol-in-use"))
	assert.Equal(t, []string{"files"}, explain.Suggest("flies"))
	assert.Contains(t, explain.Suggest("image"), "image-in-ceph")
	assert.Contains(t, explain.Suggest("kolla"), "undone-by-kolla-ansible")
	assert.Empty(t, explain.Suggest("xxxxxxxxxxxxxxxxx"))
	assert.Empty(t, explain.Suggest(""))
	for _, name := range explain.Suggest("in") {
		assert.NotEmpty(t, explain.Lookup(name), name)
	}
}

// TestShortNamesLeadToTheirTopics holds what Suggest gives, and what a shell completes.
func TestShortNamesLeadToTheirTopics(t *testing.T) {
	for _, topic := range explain.All() {
		assert.NotEmpty(t, explain.Lookup(topic.Short()), topic.Name)
		assert.NotRegexp(t, "[A-Z/ ]", topic.Short())
	}
}

func TestTextForATerminal(t *testing.T) {
	topic, ok := explain.Code("cluster-access")
	require.True(t, ok)
	assert.Equal(t, `finding cluster-access (note)

  How the cluster is reached, where that is not the usual way, such as through a
  container of the host.

Why it matters
  You may want to know whose programs and keyring are used.

See it by hand
  # on the host of the cluster; or podman
  docker ps
  # on the host of the cluster
  which ceph cephadm

What to do next
  To choose another way, set access of the cluster.

Fields of the Spec
  clusters.access, clusters.host

Related
  cluster-unreadable
`, topic.String())
	for _, topic := range explain.All() {
		for line := range strings.SplitSeq(topic.String(), "\n") {
			assert.True(t, len([]rune(line)) <= 80 || strings.HasPrefix(line, "  ") && topicSees(topic, line), line)
		}
	}
}

func topicSees(topic explain.Topic, line string) bool {
	return slices.ContainsFunc(topic.See, func(c explain.Command) bool { return "  "+c.Line == line })
}
