package kind_test

import (
	"fmt"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate/internal/engine"
	"github.com/cephstack/cephstack/integrate/internal/kind"
	"github.com/cephstack/cephstack/integrate/internal/kind/cloud"
	"github.com/cephstack/cephstack/integrate/internal/kind/cluster"
	"github.com/cephstack/cephstack/integrate/internal/kind/host"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/want"
	"github.com/cephstack/cephstack/remote"
)

// follows are the resources after which an entry's resource is changed.
func follows(e engine.Entry) []step.ID {
	if f, ok := e.Resource.(step.Follower); ok {
		return f.Follows()
	}
	return nil
}

// TestResourcesHaveIDsAndNeedsThatComeBefore goes through each Spec in the order of a
// plan. A resource has an ID of its own, on its own target. The resources that it needs
// or follows are there, and come before it.
func TestResourcesHaveIDsAndNeedsThatComeBefore(t *testing.T) {
	for name, s := range specs(t) {
		site := want.Resolve(s)
		catalog := kind.NewCatalog(site)
		seen := map[step.ID]bool{}
		for _, target := range site.Targets() {
			for _, e := range catalog.Of(target) {
				id := e.ID()
				assert.Equal(t, target, id.Target, "%s: %s", name, id)
				assert.NotEmpty(t, id.Kind, "%s: %s", name, id)
				assert.NotEmpty(t, id.Name, "%s: %s", name, id)
				assert.NotEmpty(t, e.Check, "%s: %s", name, id)
				assert.False(t, seen[id], "%s: %s is there twice", name, id)
				for _, need := range slices.Concat(e.Needs(), follows(e), e.Gates) {
					assert.True(t, seen[need], "%s: %s needs %s, which is not before it", name, id, need)
				}
				seen[id] = true
			}
		}
	}
}

// TestACatalogSaysTheSameTwice lists each target two times: IDs, needs and questions
// come of the Spec alone.
func TestACatalogSaysTheSameTwice(t *testing.T) {
	for name, s := range specs(t) {
		site := want.Resolve(s)
		catalog, again := kind.NewCatalog(site), kind.NewCatalog(want.Resolve(s.Clone()))
		for _, target := range site.Targets() {
			assert.Equal(t, described(catalog.Of(target)), described(catalog.Of(target)), "%s: %s", name, target.Name)
			assert.Equal(t, described(catalog.Of(target)), described(again.Of(target)), "%s: %s", name, target.Name)
		}
	}
}

// described is all that entries say before anything was read.
func described(entries []engine.Entry) (lines []string) {
	for _, e := range entries {
		lines = append(lines, fmt.Sprint(e.ID(), e.Check, e.Gate, e.Gates, e.Needs(), follows(e), e.Asks()))
	}
	return lines
}

// TestResourcesAskForNothingButLooks takes each resource's questions: operations that
// read, at the place that they belong to.
func TestResourcesAskForNothingButLooks(t *testing.T) {
	for name, s := range specs(t) {
		site := want.Resolve(s)
		catalog := kind.NewCatalog(site)
		for _, target := range site.Targets() {
			for _, e := range catalog.Of(target) {
				asks := e.Asks()
				if target.Where != step.OnHost {
					assert.Empty(t, asks.Host, "%s: %s", name, e.ID())
					assert.False(t, asks.Secrets, "%s: %s", name, e.ID())
				}
				if target.Where != step.OnCluster {
					assert.Empty(t, asks.Cluster, "%s: %s", name, e.ID())
				}
				for _, op := range asks.Host {
					require.NoError(t, remote.Check(op), "%s: %s", name, e.ID())
					require.True(t, reads(op), "%s: %s asks for %#v", name, e.ID(), op)
				}
			}
		}
	}
}

// reads reports whether an operation only looks. Programs that a resource runs to look
// have to be listed here.
func reads(op remote.Op) bool {
	switch op := op.(type) {
	case remote.ReadFile, remote.ReadDir, remote.Stat, remote.UnitState, remote.Packages:
		return true
	case remote.Run:
		looks := []string{"docker inspect", "podman inspect", "getent passwd", "id -gn", "apt-mark showhold",
			"env -S"}
		return op.Stdin.Len() == 0 && len(op.Argv) > 1 && slices.Contains(looks, op.Argv[0]+" "+op.Argv[1])
	}
	return false
}

// TestKindsAreRegisteredUnderNamesOfTheirOwn looks at the registries. Each kind has to
// have a resource in one of the Specs of this suite.
func TestKindsAreRegisteredUnderNamesOfTheirOwn(t *testing.T) {
	kebab := regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`)
	used := map[string]bool{}
	for _, s := range specs(t) {
		site := want.Resolve(s)
		for _, c := range site.Clusters {
			note(used, cluster.Kinds(), &cluster.Subject{Site: site, Spec: c})
		}
		for _, h := range site.InOrder() {
			note(used, host.Kinds(), host.NewNode(site, h))
		}
		note(used, cloud.Kinds(), site)
	}
	names := slices.Concat(namesOf(cluster.Kinds()), namesOf(host.Kinds()), namesOf(cloud.Kinds()))
	for _, name := range names {
		assert.Regexp(t, kebab, name)
		assert.True(t, used[name], "no Spec of this suite has a resource of kind %s", name)
	}
	slices.Sort(names)
	assert.Equal(t, slices.Compact(slices.Clone(names)), names, "a name is there twice")
}

func namesOf[S any](kinds []step.Kind[S]) (names []string) {
	for _, k := range kinds {
		names = append(names, k.Name)
	}
	return names
}

// note writes down which kinds have a resource for a subject.
func note[S any](used map[string]bool, kinds []step.Kind[S], subject S) {
	for _, k := range kinds {
		used[k.Name] = used[k.Name] || len(k.New(subject)) > 0
	}
}

// TestTargetsThatAreNotInTheSpecHaveNoSurprises asks a catalog for targets by wrong names:
// it does not panic, and lists no resource of another target.
func TestTargetsThatAreNotInTheSpecHaveNoSurprises(t *testing.T) {
	site := want.Resolve(parse(t, plainCloud))
	catalog := kind.NewCatalog(site)
	for _, target := range []step.Target{step.AtHost("nowhere"), step.AtCluster("nothing")} {
		for _, e := range catalog.Of(target) {
			assert.Equal(t, target, e.ID().Target)
		}
	}
}
