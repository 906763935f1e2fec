package integrate_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/spec"
)

const (
	strayKey  = "AQAIiglrODh5NxAAtOONtdH9jlKuA+thbpOxZQ=="
	firstWord = "hunter2hunter2"
	otherWord = "hunter3!"
)

// withPasswords has passwords among the options that it gives.
func withPasswords() spec.Spec {
	s := exampleSpec()
	s.Cinder.Backends[0].Options = map[string]string{"san_password": firstWord,
		"replication_device": "backend_id:second,conf:/etc/ceph/second.conf,user:cinder,password:" + otherWord}
	s.Clusters[0].Conf = map[string]map[string]string{"client": {"rgw_keystone_admin_password": firstWord}}
	return s
}

// strayKeys puts a key, or a password, in the place of values of the files that are on hosts before.
func strayKeys(w *integratetest.World) {
	put := func(host, path, format string) {
		text := fmt.Sprintf(format, strayKey, otherWord)
		w.Machines[host].AddFile(path, []byte(text), 0o640)
	}
	put("compute1", "/etc/nova/nova.conf", "[libvirt]\nrbd_secret_uuid = %[1]s\nrbd_user = %[1]s\n"+
		"images_rbd_pool = %[1]s\nimages_rbd_ceph_conf = %[1]s\ndisk_cachemodes = %[1]s\n")
	put("compute2", "/etc/nova/nova.conf", "[libvirt]\nrbd_secret_uuid = %[2]s\nrbd_user = password=%[2]s\n")
	put("controller", "/etc/cinder/cinder.conf", "[DEFAULT]\nenabled_backends = %[1]s\nbackup_driver = %[1]s\n"+
		"backup_ceph_user = %[1]s\n[ceph]\nrbd_pool = %[1]s\nrbd_user = %[1]s\nrbd_secret_uuid = %[1]s\n"+
		"san_password = %[2]s\nreplication_device = password:%[2]s\n")
	put("controller", "/etc/glance/glance-api.conf", "[DEFAULT]\nenabled_backends = %[1]s:rbd\n"+
		"[glance_store]\ndefault_backend = %[1]s\nstores = %[1]s\n[rbd]\nrbd_store_pool = %[1]s\n")
}

// strayInProblems puts a key where a value keeps the options from being planned.
func strayInProblems(w *integratetest.World) {
	w.Machines["controller"].AddFile("/etc/cinder/cinder.conf", []byte("[DEFAULT]\nenabled_backends = ceph\n[ceph]\n"+
		"volume_driver = "+strayKey+"\n"), 0o640)
	w.Machines["controller"].AddFile("/etc/glance/glance-api.conf.d/over.conf", []byte("[rbd]\nrbd_store_pool = "+
		strayKey+"\n"), 0o640)
	w.Machines["controller"].AddFile("/etc/glance/glance-api.conf", []byte("[DEFAULT\nx = "+strayKey+"\n"), 0o640)
	w.Machines["compute1"].AddFile("/etc/nova/nova.conf", []byte("["+strayKey+"\n"+strayKey+"\n"), 0o640)
}

// strayInConf puts a key, or a password, into files of Ceph.
func strayInConf(w *integratetest.World) {
	w.Machines["compute1"].AddFile("/etc/ceph/ceph.conf", []byte("[global]\nkey = "+strayKey+"\nmon_host = "+strayKey+
		"\n[client]\nkey = "+strayKey+"\nrgw_keystone_admin_password = "+otherWord+"\n[client.cinder]\nkeyring = "+
		strayKey+"\n"), 0o644)
	w.Machines["controller"].AddFile("/etc/ceph/ceph.conf", []byte("[global]\nfsid = "+strayKey+"\n"), 0o644)
	w.Machines["compute2"].AddFile("/etc/ceph/ceph.conf", []byte("[global\nkey = "+strayKey+"\n"), 0o644)
	w.Machines["compute2"].AddFile("/etc/ceph/ceph.client.cinder.keyring", []byte("[client.x\nkey = "+strayKey+"\n"),
		0o600)
}

// errorTexts are the texts of all errors that an error wraps.
func errorTexts(err error) string {
	if err == nil {
		return ""
	}
	text := err.Error() + "\n"
	var many interface{ Unwrap() []error }
	if errors.As(err, &many) {
		for _, e := range many.Unwrap() {
			text += errorTexts(e)
		}
	}
	return text + errorTexts(errors.Unwrap(err))
}

// saysNoSecret looks for the secrets in all forms of a value.
func saysNoSecret(t *testing.T, what string, v any, texts ...string) {
	t.Helper()
	data, err := json.Marshal(v)
	require.NoError(t, err)
	text := fmt.Sprintf("%s\n%v\n%+v\n%#v\n%s", data, v, v, v, strings.Join(texts, "\n"))
	for _, secret := range []string{strayKey, firstWord, otherWord} {
		if at := strings.Index(text, secret); at >= 0 {
			assert.Fail(t, "a secret is told", "%s: …%s", what, text[max(0, at-200):at+len(secret)])
		}
	}
}

// TestPlansTellNoSecretOfFilesOrSpec: keys and passwords stand where other values belong, and in options that are
// secret.
func TestPlansTellNoSecretOfFilesOrSpec(t *testing.T) {
	for name, put := range map[string]func(*integratetest.World){"services": strayKeys, "ceph": strayInConf,
		"problems": strayInProblems} {
		t.Run(name, func(t *testing.T) {
			w, in := open(t, withPasswords())
			put(w)
			p := plan(t, in)
			texts := []string{p.String()}
			for _, f := range p.Findings {
				texts = append(texts, errorTexts(f.Err))
			}
			saysNoSecret(t, "the plan", p, texts...)
			if name == "services" {
				assert.Contains(t, p.String(), "rbd_user: sha256:")
				assert.Contains(t, p.String(), " -> cinder")
				assert.Contains(t, p.String(), "san_password: [redacted] -> [redacted] (what is redacted differs)  #")
			}
			report, err := in.Verify(t.Context(), integrate.VerifyOptions{Static: true})
			require.ErrorIs(t, err, integrate.ErrChecks)
			texts = []string{report.String(), errorTexts(err)}
			for _, c := range report.Checks {
				texts = append(texts, errorTexts(c.Err))
			}
			saysNoSecret(t, "the report", report, texts...)

			result, err := in.Apply(t.Context(), p, integrate.ApplyOptions{})
			texts = []string{errorTexts(err)}
			for _, o := range result.Outcomes {
				texts = append(texts, errorTexts(o.Err))
			}
			saysNoSecret(t, "the result", result, texts...)
		})
	}
}

// TestAStoredPlanWithDigestsIsExact: the plan is applied, with the values of the Spec, only as long as what it hides
// is the same.
func TestAStoredPlanWithDigestsIsExact(t *testing.T) {
	const nova = "/etc/nova/nova.conf"
	for name, edited := range map[string]bool{"the same": false, "another secret": true} {
		t.Run(name, func(t *testing.T) {
			w, in := open(t, withPasswords())
			w.Machines["compute1"].AddFile(nova, []byte("[libvirt]\nrbd_user = "+strayKey+"\n"), 0o640)
			data, err := json.Marshal(plan(t, in))
			require.NoError(t, err)
			stored, err := integrate.ParsePlan(data)
			require.NoError(t, err)
			if edited {
				other := strings.Replace(strayKey, "AQAIig", "AQAIjg", 1)
				w.Machines["compute1"].AddFile(nova, []byte("[libvirt]\nrbd_user = "+other+"\n"), 0o640)
			}
			_, err = w.Integration(t).Apply(t.Context(), stored, integrate.ApplyOptions{})
			cinder, _ := w.Machines["controller"].Contents("/etc/cinder/cinder.conf")
			if edited {
				require.ErrorIs(t, err, integrate.ErrConflict)
				return
			}
			require.NoError(t, err)
			assert.Contains(t, string(cinder), "san_password = "+firstWord+"\n")
			assert.Contains(t, string(cinder), "password:"+otherWord+"\n")
			require.True(t, plan(t, in).Empty(), "%s", plan(t, in))
		})
	}
}

// TestAPlanTellsWhichCoordinatorChanges, and not its password, nor a digest with which it can be guessed. A stored plan
// notices another password all the same.
func TestAPlanTellsWhichCoordinatorChanges(t *testing.T) {
	const path = "/etc/cinder/cinder.conf"
	s := threeControllers()
	s.Cinder.Coordination = spec.NewSecret("redis://:" + firstWord + "@10.0.0.1:6379")
	for name, now := range map[string]string{"the same": otherWord, "another password": otherWord + "!"} {
		w, in := open(t, s)
		url := "[DEFAULT]\nenabled_backends = san\n[coordination]\nbackend_url = redis://:%s@10.0.0.1:6379\n"
		w.Machines["controller"].AddFile(path, fmt.Appendf(nil, url, otherWord), 0o640)
		w.Machines["controller2"].AddFile(path, []byte(strings.Replace(fmt.Sprintf(url, otherWord), ".1:", ".2:", 1)), 0o640)
		p := plan(t, in)
		saysNoSecret(t, "the plan", p, p.String())
		text := p.String()
		const field = "\n      [coordination] backend_url: redis://[redacted]@10.0.0."
		assert.Contains(t, text, field+"1:6379 -> redis://[redacted]@10.0.0.1:6379 (what is redacted differs)  #")
		assert.Contains(t, text, field+"2:6379 -> redis://[redacted]@10.0.0.1:6379  #")
		assert.Contains(t, text, field+"1:6379  #")
		assert.NotRegexp(t, "redacted sha256", text)

		data, err := json.Marshal(p)
		require.NoError(t, err)
		stored, err := integrate.ParsePlan(data)
		require.NoError(t, err)
		assert.Equal(t, text, stored.String())
		w.Machines["controller"].AddFile(path, fmt.Appendf(nil, url, now), 0o640)
		_, err = w.Integration(t).Apply(t.Context(), stored, integrate.ApplyOptions{})
		if name == "the same" {
			require.NoError(t, err)
			continue
		}
		require.ErrorIs(t, err, integrate.ErrConflict)
		assert.NotContains(t, errorTexts(err), "sha256:")
	}
}
