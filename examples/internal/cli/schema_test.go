package cli

import (
	"bytes"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate/schema"
)

// valid wants a document to have what a schema describes, and nothing else.
func valid(t *testing.T, text []byte, document string) {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	require.NoError(t, err)
	for _, def := range doc.(map[string]any)["$defs"].(map[string]any) {
		def.(map[string]any)["additionalProperties"] = false
	}
	c := jsonschema.NewCompiler()
	require.NoError(t, c.AddResource("x.json", doc))
	s, err := c.Compile("x.json")
	require.NoError(t, err)
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(document))
	require.NoError(t, err, document)
	assert.NoError(t, s.Validate(v), document)
}

// TestOutputIsAsTheSchemasSay runs each command that prints JSON, in a cloud that is well and in a cloud that is not.
func TestOutputIsAsTheSchemasSay(t *testing.T) {
	seen := map[string]bool{}
	for name, spoil := range map[string]func(c *cloud){
		"well":           func(*cloud) {},
		"a host is down": func(c *cloud) { c.down("compute1") },
		"a file is not ours": func(c *cloud) {
			c.Machines["compute1"].AddFile("/etc/ceph/ceph.conf", []byte("[global]\nfsid = other\n"), 0o644)
		},
	} {
		for command, by := range map[string][]byte{"plan": schema.Plan(), "verify --static": schema.Report(),
			"apply --yes": schema.Result(), "converge --yes": schema.Converge(),
			"audit --pause 1ms": schema.Audit(), "drift": schema.Drift(), "retire --yes": schema.Result()} {
			t.Run(name+"/"+command, func(t *testing.T) {
				c := newCloud(t, 2)
				spoil(c)
				args := strings.Fields(command)
				_, stdout, _ := c.run(t.Context(), "", args[0], append(args[1:], "--output", "json")...)
				require.NotEmpty(t, stdout)
				documents := []string{stdout}
				if args[0] == "converge" {
					documents = strings.Split(strings.TrimSpace(stdout), "\n")
				}
				for _, document := range documents {
					valid(t, by, document)
				}
				seen[args[0]] = true
			})
		}
	}
	_, stdout, _ := call(t, "trust", "-f", newStrange(t, t.TempDir()).spec, "--output", "json")
	valid(t, schema.Trust(), stdout)
	seen["trust"] = true
	_, stdout, _ = call(t, "rights", "-f", newCloud(t, 1).file, "--output", "json")
	valid(t, schema.Rights(), stdout)
	seen["rights"] = true
	rotation(t, seen)
	for _, cmd := range Commands().Commands() {
		if f := cmd.Flags().Lookup("output"); f != nil && !seen[cmd.Name()] {
			t.Errorf("cephstack %s has the flag --output: give its JSON a schema, and run it here", cmd.Name())
		}
	}
}

// rotation runs rotate before its work and after it, with guests.
func rotation(t *testing.T, seen map[string]bool) {
	t.Helper()
	c := newCloud(t, 3)
	_, _, stderr := c.run(t.Context(), "", "apply", "--yes")
	require.NoError(t, boot(t.Context(), c.World), stderr)
	before, err := os.ReadFile(c.file)
	require.NoError(t, err)
	rotating := strings.NewReplacer("nova: {}", "nova: {user: cinder.1}", "volume_type: ceph}",
		"volume_type: ceph, user: cinder.1}").Replace(string(before)) +
		"rotate: [{from: cinder, to: cinder.1, guests: [{servers: [db], may: [live-migration]}]}]\n"
	require.NoError(t, os.WriteFile(c.file, []byte(rotating), 0o600))
	for _, flag := range []string{"--status", "--yes", "--status"} {
		code, stdout, stderr := c.run(t.Context(), "", "rotate", flag, "--output", "json")
		assert.Equal(t, exitChanges, code, stderr)
		valid(t, schema.Rotation(), stdout)
		assert.Contains(t, stdout, `"code": "no-rule"`, "a guest that waits")
	}
	seen["rotate"] = true
}

// TestOutputOfAHostileWorldIsAsTheSchemasSay: what others say is in texts, and in nothing else.
func TestOutputOfAHostileWorldIsAsTheSchemasSay(t *testing.T) {
	for seed := range uint64(6) {
		c := newCloud(t, 1)
		l := &liar{random: rand.New(rand.NewPCG(seed, 12)), chance: []float64{0.01, 0.2, 1}[seed%3]}
		l.in(t, c)
		for command, by := range map[string][]byte{"plan": schema.Plan(), "verify --static": schema.Report(),
			"apply --yes": schema.Result(), "converge --yes": schema.Converge(),
			"audit --pause 1ms": schema.Audit(), "drift": schema.Drift(), "retire --yes": schema.Result()} {
			args := strings.Fields(command)
			_, stdout, _ := c.run(t.Context(), "", args[0], append(args[1:], "--output", "json")...)
			documents := []string{stdout}
			if args[0] == "converge" {
				documents = strings.Split(strings.TrimSpace(stdout), "\n")
			}
			for _, document := range documents {
				if document != "" {
					valid(t, by, document)
				}
			}
		}
	}
}
