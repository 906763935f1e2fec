package bundle_test

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/bundle"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/integrate/world"
	"github.com/cephstack/cephstack/remote"
)

const document = `
release: zed
clusters: [{name: ceph}]
cloud: {name: lab}
glance: {}
nova: {}
cinder:
  coordination: "etcd3+http://coord:C00rd-canary-pw@10.0.0.9:2379"

  backends: [{name: ceph, volume_type: ceph, extra_specs: {san_password: Extra-canary-pw}}]
hosts:
  - {name: controller, services: [glance-api, cinder-volume]}
  - {name: compute1, services: [nova-compute]}
  - {name: compute2, services: [nova-compute]}
`

// canaries are secrets in the configuration of nova-compute, in each way in which a log shows them.
var canaries = map[string]string{
	"rabbit":   "R4bbit/canary?pw",
	"database": "D4tabase-canary",
	"keystone": "correct horse battery",
	"short":    "k9z4",
	"metadata": `q"uo'te\d-canary`,
}

const novaConf = `
[DEFAULT]
transport_url = rabbit://nova:R4bbit%2Fcanary%3Fpw@10.0.0.5:5672,nova:R4bbit%2Fcanary%3Fpw@10.0.0.6:5672/
[database]
connection = mysql+pymysql://nova:D4tabase-canary@10.0.0.7/nova
[keystone_authtoken]
password = correct horse battery
[placement]
password = k9z4
[neutron]
metadata_proxy_shared_secret = q"uo'te\d-canary
`

func load(t *testing.T) spec.Spec {
	t.Helper()
	s, err := spec.Read(strings.NewReader(document), ".")
	require.NoError(t, err)
	return s
}

// logs makes a host print a text as the journal of each unit.
func logs(w *integratetest.World, host, text string) {
	w.Machines[host].Handle("journalctl", func(remote.Run) (stdout, stderr []byte, exit int) {
		return []byte(text), nil, 0
	})
	w.Machines[host].Handle("tail", func(run remote.Run) (stdout, stderr []byte, exit int) {
		return nil, []byte("tail: cannot open '" + run.Argv[len(run.Argv)-1] + "' for reading: No such file\n"), 1
	})
}

// read gives the files of a bundle.
func read(t *testing.T, name string) map[string]string {
	t.Helper()
	f, err := os.Open(name)
	require.NoError(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	require.NoError(t, err)
	files := map[string]string{}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		require.NoError(t, err)
		text, err := io.ReadAll(r)
		require.NoError(t, err)
		assert.Equal(t, int64(0o600), h.Mode)
		files[strings.TrimPrefix(h.Name, "cephstack-bundle/")] = string(text)
	}
}

// scene is a cloud of which compute1 failed, with secrets wherever there may be some.
func scene(t *testing.T) (*integratetest.World, bundle.Contents, []string) {
	t.Helper()
	s := load(t)
	w := integratetest.Open(t, s)
	in := w.Integration(t)
	plan, err := in.Plan(t.Context(), integrate.PlanOptions{})
	require.NoError(t, err)
	result, err := in.Apply(t.Context(), plan, integrate.ApplyOptions{})
	require.NoError(t, err)
	secrets := []string{plan.Spec, plan.Digest, "C00rd-canary-pw", "Extra-canary-pw", "Entry canary", "k9z4"}
	text := "2026-03-01T10:00:00 compute1 nova-compute[7]: started\nis \x1b[31mC00rd\x1b[0m-canary-pw, Entry canary\n"
	for _, secret := range canaries {
		secrets = append(secrets, secret)
		quoted := fmt.Sprintf("%q", secret)
		text += "trace: login " + secret + "\nrepr " + quoted + " and " + fmt.Sprintf("%x", secret) + "\n"
	}
	text += "url R4bbit%2Fcanary%3Fpw and half R4bbit%2Fcana\n"
	secrets = append(secrets, "R4bbit%2Fcanary%3Fpw", "R4bbit%2Fcana")
	for _, entity := range []string{"client.cinder", "client.glance"} {
		user, err := ceph.New(w.Ceph["ceph"]).User(t.Context(), entity)
		require.NoError(t, err)
		key := user.Key.Reveal()
		text += "key " + key + " cut " + key[10:30] + "\n"
		secrets = append(secrets, key, key[16:30])
	}
	for _, secret := range w.World.Cloud.Secrets() {
		text += "the APIs got " + secret.Reveal() + "\n"
		secrets = append(secrets, secret.Reveal())
	}
	text += "password=unknown-canary\n'admin_pass': u'unknown-canary2'\nX-Auth-Token: unknown-canary3\n" +
		"gAAAAABunknowncanary4unknowncanary4 postgresql://a:unknown-canary5@h/x\nrabbit://a:b@h,c:unknown-canary6@i\n"
	secrets = append(secrets, "unknown-canary", "unknowncanary")
	logs(w, "compute1", text)
	w.Machines["compute1"].AddFile("/etc/nova/nova.conf", []byte(novaConf), 0o640)
	failed := integrate.Change{ID: "file/compute1/x", Target: "compute1", Name: "x", Kind: "file"}
	result.Outcomes = append(result.Outcomes, integrate.Outcome{Change: failed, Status: integrate.Failed,
		Error: "it says correct horse battery"})
	events := bundle.NewRecorder()
	events.Observe(integrate.ChangeFinished{Outcome: integrate.Outcome{Change: failed, Status: integrate.Failed,
		Err: errors.New("it says D4tabase-canary")}})
	events.Observe(world.Wait{Cluster: "ceph", Reasons: []string{"k9z4"}})
	return w, bundle.Contents{Spec: s, World: w.World, Secrets: []cephstack.Redacted{cephstack.Redact("Entry canary")},
		Command: []string{"cephstack", "apply", "--x=Entry canary"}, Err: errors.New("ended: correct horse battery"),
		Plan: plan, Result: result, Events: events}, secrets
}

// TestABundleHasWhatAColleagueNeedsAndNoSecret of the Spec, of the cluster, of the hosts' configuration and logs.
func TestABundleHasWhatAColleagueNeedsAndNoSecret(t *testing.T) {
	_, c, secrets := scene(t)
	name := filepath.Join(t.TempDir(), "b.tar.gz")
	require.NoError(t, bundle.Write(t.Context(), name, c, bundle.Options{}))
	info, err := os.Stat(name)
	require.NoError(t, err)
	assert.Equal(t, fs.FileMode(0o600), info.Mode())
	files := read(t, name)
	for file, text := range files {
		for _, secret := range secrets {
			assert.NotContains(t, text, secret, file)
		}
		for _, r := range text {
			if !unicode.IsPrint(r) && r != '\n' && r != '\t' {
				assert.Fail(t, "does not print", "%s: %q", file, r)
			}
		}
	}
	for file, want := range map[string]string{
		"README.txt": "hosts/compute1/nova-compute/journal.txt: the last lines", "error.txt": "ended: [redacted]\n",
		"command.txt": "cephstack apply '--x=[redacted]'", "versions.txt": "openstack: zed\nceph: cluster ceph: fsid ",
		"spec.yaml": "san_password: [redacted]\n", "result.json": `"status": "failed"`,
		"events.jsonl": `"event":"change-finished"`, "hosts.txt": "compute1: asked\n",
		"hosts/compute1/packages.txt": "nova-compute ", "hosts/compute1/os-release.txt": "ID=",
		"hosts/compute1/nova-compute/journal.txt": "nova-compute[7]: started\n",
		"hosts/compute1/nova-compute/log.txt":     "(exit status 1)\ntail: cannot open '/var/log/nova/nova-compute.log'",
	} {
		assert.Contains(t, files[file], want, file)
	}
	assert.NotContains(t, files["hosts.txt"], "compute2")
	err = bundle.Write(t.Context(), name, c, bundle.Options{})
	require.ErrorIs(t, err, fs.ErrExist)
	left, err := os.ReadDir(filepath.Dir(name))
	require.NoError(t, err)
	assert.Len(t, left, 1, "no temporary file")
}

// TestNoLogWithoutTheSecretsOfItsHost: the logs of a host are left out if its configuration cannot be read.
func TestNoLogWithoutTheSecretsOfItsHost(t *testing.T) {
	w, c, _ := scene(t)
	w.Machines["compute1"].Fail = func(_ context.Context, op remote.Op) error {
		if r, ok := op.(remote.ReadFile); ok && r.Path == "/etc/nova/nova.conf" {
			return fs.ErrPermission
		}
		return nil
	}
	name := filepath.Join(t.TempDir(), "b.tar.gz")
	require.NoError(t, bundle.Write(t.Context(), name, c, bundle.Options{}))
	files := read(t, name)
	assert.Contains(t, files["hosts.txt"], "compute1: no log is taken")
	for file := range files {
		assert.NotContains(t, file, "hosts/")
	}
}

// TestABundleIsBounded in bytes, in hosts and in time, and a host that does not answer is no error.
func TestABundleIsBounded(t *testing.T) {
	w, c, _ := scene(t)
	logs(w, "compute1", strings.Repeat("a line of a log\n", 10_000))
	logs(w, "compute2", "of compute2\n")
	w.Machines["controller"].Fail = func(ctx context.Context, _ remote.Op) error {
		<-ctx.Done()
		return ctx.Err()
	}
	c.Hosts = []string{"controller", "compute1", "compute2", "nobody"}
	name := filepath.Join(t.TempDir(), "b.tar.gz")
	began := time.Now()
	require.NoError(t, bundle.Write(t.Context(), name, c, bundle.Options{UnitBytes: 1000, TotalBytes: 3000, Hosts: 3,
		Timeout: 5 * time.Second})) // which hosts that answer need on a busy machine
	assert.Less(t, time.Since(began), time.Minute)
	files := read(t, name)
	journal := files["hosts/compute1/nova-compute/journal.txt"]
	assert.Less(t, len(journal), 1200)
	assert.Contains(t, journal, "-u nova-compute.service\na line of a log\n")
	assert.Contains(t, files["hosts.txt"], "1 hosts were not asked, as that would be too many: nobody\n")
	assert.Contains(t, files["hosts.txt"], "controller: ")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, bundle.Write(ctx, name+"2", c, bundle.Options{}))
	assert.Contains(t, read(t, name+"2")["hosts.txt"], "No host was asked")
	require.ErrorIs(t, bundle.Check(filepath.Join(t.TempDir(), "no", "b")), fs.ErrNotExist)
	require.ErrorIs(t, bundle.Check(name), fs.ErrExist)
}

// FuzzScrubber: no known secret is left in a text, and all of it prints.
func FuzzScrubber(f *testing.F) {
	f.Add("correct horse battery", "login ", " failed", 3)
	f.Add("k9z4", "x", "", 0)
	f.Add(`q"uo'te\d-canary`, "\x1b[3", "1m", 1)
	f.Add("pass\u00adword\u200b1234", "a\x00", "\xff", 2)
	f.Fuzz(func(t *testing.T, secret, before, after string, how int) {
		if len(strings.TrimSpace(secret)) < 4 || strings.Contains("[redacted]", secret) {
			return
		}
		text := secret
		switch how % 4 {
		case 1:
			text = fmt.Sprintf("%q", secret)
		case 2:
			text = fmt.Sprintf("%x", secret)
		case 3:
			text = secret[:len(secret)-1] + "\x1b[0m" + secret[len(secret)-1:]
		}
		var s bundle.Scrubber
		s.Add(cephstack.Redact(secret))
		got := s.Text(before + text + after)
		if utf8.ValidString(secret) && !strings.ContainsAny(secret, "[]\n\t") {
			assert.NotContains(t, strings.ReplaceAll(got, "[redacted]", "\x00"), secret)
		}
		assert.True(t, utf8.ValidString(got))
		for _, r := range got {
			if !unicode.IsPrint(r) && r != '\n' && r != '\t' {
				assert.Fail(t, "does not print", "%q", got)
			}
		}
	})
}

// TestAScrubberDoesNotPrint what it knows.
func TestAScrubberDoesNotPrint(t *testing.T) {
	var s bundle.Scrubber
	s.Add(cephstack.Redact("correct horse battery"), cephstack.Redact("k9z4"))
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%q"} {
		for _, v := range []any{s, &s, struct{ inside any }{&s}, []bundle.Scrubber{s}} {
			text := fmt.Sprintf(verb, v)
			assert.NotContains(t, text, "correct", verb)
			assert.NotContains(t, text, "k9z4", verb)
			assert.NotContains(t, text, fmt.Sprintf("%x", "correct"), verb)
		}
	}
}

// TestWhatLooksLikeASecret is taken out, and what a reader needs stays.
func TestWhatLooksLikeASecret(t *testing.T) {
	var s bundle.Scrubber
	for text, want := range map[string]string{
		"AMQP server on 10.0.0.5:5672 is unreachable":      "AMQP server on 10.0.0.5:5672 is unreachable",
		"req-3f0e5a9e-1c1b-4c7e-9d5b-0b7c5b1e2f11 GET /v2": "req-3f0e5a9e-1c1b-4c7e-9d5b-0b7c5b1e2f11 GET /v2",
		"rbd: open volumes/volume-1: [errno 2] not found":  "rbd: open volumes/volume-1: [errno 2] not found",
		"amqp://u:p4ss@h/ x":                               "amqp://u:[redacted]@h/ x",
		"Authorization: Basic dXNlcjpwYXNz":                "Authorization: [redacted]",
		"hash $6$abcdefgh$ijklmnop end":                    "hash [redacted] end",
		"was [redacted sha256:0123abcd]":                   "was [redacted]",
		"the password is 'abc def'":                        "the password is [redacted]",
		"-----BEGIN RSA PRIVATE KEY-----\nMII\nx":          "[redacted]",
		"AQBnZ0ZnAAAAABAAdGhlcmUgaXMgbm8gc2VjcmV0IQ==":     "[redacted]",
	} {
		assert.Equal(t, want, s.Text(text))
	}
}
