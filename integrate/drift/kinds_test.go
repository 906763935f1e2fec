package drift_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/drift"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/remote"
)

// everything is a Spec that asks for every kind of resource. Each deviation has a compute of its own.
const everything = `
release: zed
packages: install
ssh: {user: deploy, sudo: true, entry: {user: installer, password_file: password}}
clusters:
  - name: ceph
    min_client: 16.2.10
    remove_foreign_caps: true
    erasure_profiles: [{name: k2m1, k: 2, m: 1, failure_domain: host}]
    pools:
      - {name: images, pg_num: 32, pg_autoscale_mode: "off"}
      - {name: volumes, size: 3}
      - {name: vms, min_size: 2}
      - {name: backups, crush_rule: replicated_rule}
      - {name: images-data, erasure_profile: k2m1}
hosts:
  - {name: controller, services: [glance-api, cinder-volume, cinder-backup]}
glance: {data_pool: images-data}
cinder:
  backends:
    - {name: ceph, volume_type: ceph, extra_specs: {multiattach: "<is> True"}}
    - {name: fast, pool: volumes, volume_type: fast}
    - {name: slow, pool: volumes, volume_type: slow}
backup: {}
nova: {}
prepare:
  authorize:
    keys: [ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f operator@example]
  sudo: {}
  repository:
    apt: https://mirror.example/ceph
    key: "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nAAAA\n-----END PGP PUBLIC KEY BLOCK-----"
  guests: {options: {rbd cache: "", debug_rbd: "1"}}
`

func parsed(t testing.TB, text string) spec.Spec {
	t.Helper()
	var s spec.Spec
	require.NoError(t, yaml.Unmarshal([]byte(text), &s))
	return s
}

// with is a Spec with these computes besides.
func with(s spec.Spec, computes ...string) spec.Spec {
	for _, name := range computes {
		s.Hosts = append(s.Hosts, spec.Host{Name: name, Services: []string{"nova-compute"}})
	}
	return s
}

// integrated is the cloud of a Spec, as the Spec says.
func integrated(t testing.TB, s spec.Spec) *integratetest.World {
	t.Helper()
	w := integratetest.Open(t, s)
	if s.SSH.Entry != nil {
		for name := range w.Machines {
			w.Bare(name)
		}
	}
	require.NoError(t, w.Integrate(t.Context()))
	return w
}

// A hand is what somebody did by hand, and the IDs of the Items that tell exactly that.
type hand struct {
	name  string
	did   func(*by)
	want  []string // none where nobody can tell
	alone bool     // it hides others, so that it is tried only by itself
}

// by is the world in the hands of somebody.
type by struct {
	*testing.T
	*integratetest.World
}

func (b *by) do(host string, ops ...remote.Op) {
	results, err := b.Machines[host].Do(b.Context(), ops...)
	require.NoError(b, err)
	for _, r := range results {
		require.NoError(b, r.Err)
	}
}

// edit replaces some text of a file, and keeps its owner and mode.
func (b *by) edit(host, path, old, now string) {
	have, ok := b.Machines[host].Contents(path)
	require.True(b, ok, path)
	require.Contains(b, string(have), old, path)
	b.do(host, remote.WriteFile{Path: path, Data: []byte(strings.Replace(string(have), old, now, 1))})
}

func (b *by) pool(name string, change func(*ceph.Pool)) {
	pools, err := ceph.New(b.Ceph["ceph"]).Pools(b.Context())
	require.NoError(b, err)
	i := slices.IndexFunc(pools, func(p ceph.Pool) bool { return p.Name == name })
	change(&pools[i])
	require.NoError(b, b.Ceph["ceph"].AddPool(pools[i]))
}

func (b *by) user(entity string, change func(*ceph.User)) {
	u, err := ceph.New(b.Ceph["ceph"]).User(b.Context(), entity)
	require.NoError(b, err)
	u.Caps = maps.Clone(u.Caps)
	change(&u)
	b.Ceph["ceph"].AddUser(u)
}

func (b *by) secret(host string, change func(*libvirtsecret.Secret)) {
	all, err := b.Secrets[host].List(b.Context())
	require.NoError(b, err)
	change(&all[0])
	b.Libvirt[host].Put(all[0])
}

func otherKey(t testing.TB) ceph.Key {
	key, err := ceph.ParseKey("AQBTo2NmAAAAABAAq8RvDH5xkV4LmHNNbGDZrw==")
	require.NoError(t, err)
	return key
}

const (
	novaConf = "/etc/nova/nova.conf"
	conf     = "/etc/ceph/ceph.conf"
	keyring  = "/etc/ceph/ceph.client.cinder.keyring"
)

func inCluster() []hand {
	return []hand{
		{name: "the size of a pool", did: func(b *by) { b.pool("volumes", func(p *ceph.Pool) { p.Size = 2 }) },
			want: []string{"pool/ceph/volumes"}},
		{name: "the PGs of a pool", did: func(b *by) { b.pool("images", func(p *ceph.Pool) { p.PGNum = 16 }) },
			want: []string{"pool/ceph/images"}},
		{name: "the least size of a pool", did: func(b *by) { b.pool("vms", func(p *ceph.Pool) { p.MinSize = 1 }) },
			want: []string{"pool/ceph/vms"}},
		{name: "a pool without its application", did: func(b *by) {
			b.pool("backups", func(p *ceph.Pool) { p.Application = "" })
		}, want: []string{"pool/ceph/backups"}},
		{name: "a pool of another application", alone: true, did: func(b *by) {
			b.pool("backups", func(p *ceph.Pool) { p.Application = "cephfs" })
		}, want: []string{"pool-of-another-application/ceph/pool backups"}},
		{name: "a pool that is gone", alone: true, did: func(b *by) { b.Ceph["ceph"].RemovePool("backups") },
			want: []string{"pool/ceph/backups"}},
		{name: "wider rights", did: func(b *by) {
			b.user("client.glance", func(u *ceph.User) { u.Caps["osd"] += ", allow r pool=operator-data" })
		}, want: []string{"user/ceph/client.glance"}},
		{name: "narrower rights", did: func(b *by) {
			b.user("client.cinder", func(u *ceph.User) { u.Caps["osd"] = "profile rbd pool=volumes" })
		}, want: []string{"user/ceph/client.cinder"}},
		{name: "a user that is gone", did: func(b *by) {
			require.NoError(b, ceph.New(b.Ceph["ceph"]).RemoveUser(b.Context(), "client.cinder-backup"))
		}, want: []string{"user/ceph/client.cinder-backup"}},
		{name: "another key of a user", alone: true, did: func(b *by) {
			b.user("client.glance", func(u *ceph.User) { u.Key = otherKey(b) })
		}, want: []string{"file/controller//etc/ceph/ceph.client.glance.keyring"}},
		{name: "another erasure profile", alone: true, did: func(b *by) {
			b.Ceph["ceph"].AddErasureProfile(ceph.ErasureProfile{Name: "k2m1", K: 4, M: 2, FailureDomain: "host"})
		}, want: []string{"erasure-profile-differs/ceph/erasure profile k2m1"}},
	}
}

func inFiles() []hand {
	return []hand{
		{name: "the key in a keyring", did: func(b *by) {
			b.do("compute01", remote.WriteFile{Path: keyring,
				Data: []byte("[client.cinder]\n\tkey = " + otherKey(b).Reveal() + "\n")})
		}, want: []string{"file/compute01/" + keyring}},
		{name: "the mode of a keyring", did: func(b *by) {
			b.do("compute02", remote.SetAttr{Path: keyring, Mode: 0o644})
		}, want: []string{"file/compute02/" + keyring}},
		{name: "the owner of a keyring", did: func(b *by) {
			b.do("compute03", remote.SetAttr{Path: keyring, Group: "root"})
		}, want: []string{"file/compute03/" + keyring}},
		{name: "a keyring that is gone", did: func(b *by) { b.do("compute04", remote.Remove{Path: keyring}) },
			want: []string{"file/compute04/" + keyring}},
		{name: "a keyring with keys of others", did: func(b *by) {
			b.edit("compute05", keyring, "[client.cinder]", "[client.admin]\n\tkey = "+otherKey(b).Reveal()+"\n[client.cinder]")
		}, want: []string{"keyring-of-several-users/compute05/" + keyring}},
		{name: "the monitors in ceph.conf", did: func(b *by) {
			b.edit("compute06", conf, "192.0.2.1", "192.0.2.77")
		}, want: []string{"file/compute06/" + conf}},
		{name: "a ceph.conf that is gone", did: func(b *by) { b.do("compute07", remote.Remove{Path: conf}) },
			want: []string{"file/compute07/" + conf}},
		{name: "a ceph.conf of another cluster", did: func(b *by) {
			b.edit("compute08", conf, b.Ceph["ceph"].FSID, "00000000-1111-4222-8333-444444444444")
		}, want: []string{"conf-of-another-cluster/compute08/" + conf}},
		{name: "a ceph.conf that nobody can read", did: func(b *by) {
			b.do("compute09", remote.SetAttr{Path: conf, Mode: 0o600})
		}, want: []string{"file/compute09/" + conf}},
		{name: "a file of guests", did: func(b *by) {
			b.do("compute10", remote.WriteFile{Path: "/etc/tmpfiles.d/cephstack-guests.conf", Data: []byte("# edited\n")})
		}, want: []string{"file/compute10//etc/tmpfiles.d/cephstack-guests.conf"}},
		{name: "a folder of guests", did: func(b *by) {
			b.do("compute11", remote.SetAttr{Path: "/run/ceph/guests", Owner: "root"})
		}, want: []string{"directory/compute11//run/ceph/guests"}},
	}
}

func inSecrets() []hand {
	return []hand{
		{name: "the value of a secret", did: func(b *by) {
			value, err := libvirtsecret.ParseValue(otherKey(b).Reveal())
			require.NoError(b, err)
			b.secret("compute12", func(s *libvirtsecret.Secret) { s.Value = value })
		}, want: []string{"secret/compute12/ceph.client.cinder"}},
		{name: "a secret that is gone", did: func(b *by) {
			uuid := libvirtsecret.DeriveUUID(b.Ceph["ceph"].FSID, "client.cinder")
			require.NoError(b, b.Secrets["compute13"].Undefine(b.Context(), uuid))
		}, want: []string{"secret/compute13/ceph.client.cinder"}},
		{name: "a secret that libvirt forgets", did: func(b *by) {
			b.secret("compute14", func(s *libvirtsecret.Secret) { s.Ephemeral = true })
		}, want: []string{"secret/compute14/ceph.client.cinder"}},
	}
}

func inOptions() []hand {
	return []hand{
		{name: "an option of Nova", did: func(b *by) {
			b.edit("compute15", novaConf, "images_type = rbd", "images_type = qcow2")
		}, want: []string{"settings/compute15/" + novaConf}},
		{name: "an option of Nova that is gone", did: func(b *by) {
			b.edit("compute16", novaConf, "rbd_user = cinder\n", "")
		}, want: []string{"settings/compute16/" + novaConf}},
		{name: "a file that overrides an option", did: func(b *by) {
			b.Machines["compute17"].AddFile("/etc/nova/nova-compute.conf", []byte("[libvirt]\nrbd_user = somebody\n"), 0o640)
		}, want: []string{"settings-overridden/compute17/" + novaConf}},
		{name: "options that cannot be parsed", alone: true, did: func(b *by) {
			b.do("compute18", remote.WriteFile{Path: novaConf, Data: []byte("this is not a file of options\n")})
		}},
		{name: "an option of Glance", did: func(b *by) {
			b.edit("controller", "/etc/glance/glance-api.conf", "rbd_store_user = glance", "rbd_store_user = admin")
		}, want: []string{"settings/controller//etc/glance/glance-api.conf"}},
		{name: "an option of Cinder", did: func(b *by) {
			b.edit("controller", "/etc/cinder/cinder.conf", "backup_ceph_user = cinder-backup", "backup_ceph_user = other")
		}, want: []string{"settings/controller//etc/cinder/cinder.conf"}},
		{name: "a configuration file that is gone", alone: true, did: func(b *by) {
			b.do("compute18", remote.Remove{Path: novaConf})
		}, want: []string{"config-missing/compute18/" + novaConf}},
	}
}

func inServices() []hand {
	return []hand{
		{name: "a service that does not run", did: func(b *by) { b.Machines["compute19"].StopUnit("nova-compute.service") },
			want: []string{"unit/compute19/nova-compute.service"}},
		{name: "a service that has not read its file", did: func(b *by) {
			b.edit("compute20", novaConf, "[DEFAULT]", "[DEFAULT]\ndebug = true")
		}, want: []string{"unit/compute20/nova-compute.service"}},
		{name: "a service that is not installed", did: func(b *by) {
			b.Machines["compute21"].RemoveUnit("nova-compute.service")
		}, want: []string{"unit-missing/compute21/nova-compute.service"}},
		{name: "a volume type that is gone", did: func(b *by) {
			require.NoError(b, b.Cloud.DeleteVolumeType(b.Context(), "fast"))
		}, want: []string{"volume-type/cloud/fast"}},
		{name: "an extra spec of a volume type", did: func(b *by) {
			require.NoError(b, b.Cloud.SetVolumeTypeSpecs(b.Context(), "ceph", map[string]string{"multiattach": "<is> False"}))
		}, want: []string{"volume-type/cloud/ceph"}},
		{name: "a volume type of another backend", did: func(b *by) {
			require.NoError(b, b.Cloud.SetVolumeTypeSpecs(b.Context(), "slow",
				map[string]string{"volume_backend_name": "lvm"}))
		}, want: []string{"volume-type-of-another-backend/cloud/volume type slow"}},
	}
}

func inPreparation() []hand {
	return []hand{
		{name: "a package that is gone", did: func(b *by) {
			b.Machines["compute22"].RemovePackage("ceph-common")
			b.Machines["compute22"].AddPackage("ceph-common", "16.2.15+ds-0+deb12u1", false)
		}, want: []string{"packages/compute22/ceph-clients"}},
		{name: "an old package", did: func(b *by) {
			b.Machines["compute23"].AddPackage("ceph-common", "2:16.2.9-1", true)
			b.Machines["compute23"].AddPackage("ceph-common", "2:17.2.6-1", false)
		}, want: []string{"upgrade/compute23/ceph-clients"}},
		{name: "a public key that is gone", did: func(b *by) {
			b.Machines["compute24"].AddFile("/home/deploy/.ssh/authorized_keys", []byte("# mine\n"), 0o600)
		}, want: []string{"authorized-keys/compute24//home/deploy/.ssh/authorized_keys"}},
		{name: "the sudo rule", did: func(b *by) {
			b.do("compute25", remote.WriteFile{Path: "/etc/sudoers.d/cephstack-deploy", Data: []byte("# edited\n")})
		}, want: []string{"sudo-rule/compute25//etc/sudoers.d/cephstack-deploy"}},
		{name: "the repository", did: func(b *by) {
			b.Machines["compute26"].AddFile("/etc/apt/keyrings/cephstack.asc", []byte("another key\n"), 0o644)
		}, want: []string{"repository/compute26/cephstack"}},
	}
}

// hands are all that somebody may do by hand.
func hands() []hand {
	return slices.Concat(inCluster(), inFiles(), inSecrets(), inOptions(), inServices(), inPreparation())
}

// compute is the compute that the deviation is on.
func (h hand) compute() string {
	for _, id := range h.want {
		if parts := strings.SplitN(id, "/", 3); strings.HasPrefix(parts[1], "compute") {
			return parts[1]
		}
	}
	return "compute18"
}

// own are the IDs of a Report without those that only follow.
func own(r *drift.Report) []string {
	ids := []string{}
	for _, i := range r.Drift {
		if i.Because == "" {
			ids = append(ids, i.ID)
		}
	}
	slices.Sort(ids)
	return ids
}

func look(t testing.TB, w *integratetest.World) *drift.Report {
	t.Helper()
	r, err := drift.Look(t.Context(), w.Integration(t), drift.Options{})
	require.NoError(t, err)
	return r
}

// TestEachHandIsFound: what somebody does by hand is told, exactly and alone.
func TestEachHandIsFound(t *testing.T) {
	require.Greater(t, len(hands()), 25)
	for _, h := range hands() {
		t.Run(h.name, func(t *testing.T) {
			t.Parallel()
			w := integrated(t, with(parsed(t, everything), h.compute()))
			require.Equal(t, drift.None, look(t, w).Status)
			h.did(&by{t, w})
			after := w.Writes()
			r := look(t, w)
			assert.Equal(t, after, w.Writes(), "a look writes nothing")
			if len(h.want) == 0 {
				assert.Equal(t, drift.Unknown, r.Status)
				assert.ErrorIs(t, r.Err(), drift.ErrUnknown)
			} else {
				assert.Equal(t, drift.Found, r.Status, r.String())
				assert.ErrorIs(t, r.Err(), drift.ErrDrift)
			}
			want := slices.Sorted(slices.Values(h.want))
			if want == nil {
				want = []string{}
			}
			assert.Equal(t, want, own(r), r.String())
			for _, i := range r.Drift {
				assert.False(t, i.Action == "update" && len(i.Diffs) == 0 && i.Kind != "authorized-keys", i.ID)
			}
		})
	}
}

// TestAllHandsAreFoundTogether: all that can be at the same time is told at once, and nothing else.
func TestAllHandsAreFoundTogether(t *testing.T) {
	var names []string
	for n := range 26 {
		names = append(names, fmt.Sprintf("compute%02d", n+1))
	}
	w := integrated(t, with(parsed(t, everything), names...))
	var want []string
	for _, h := range hands() {
		if !h.alone {
			h.did(&by{t, w})
			want = append(want, h.want...)
		}
	}
	slices.Sort(want)
	r := look(t, w)
	assert.Equal(t, want, own(r), r.String())
	assert.GreaterOrEqual(t, len(want), 25)
	assert.Equal(t, drift.Found, r.Status, r.String())
}
