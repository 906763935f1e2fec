package spec_test

import (
	"testing"

	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/stretchr/testify/assert"
)

func TestWayInValidation(t *testing.T) {
	s := preparing(spec.Prepare{Sudo: &spec.Sudo{}})
	s.Prepare.Authorize = &spec.Authorize{Home: "home/x", Keys: []string{
		operatorKey, operatorKey + "2", "ssh-dss AAAAB3NzaC1kc3MAAAAA x", "-----BEGIN OPENSSH PRIVATE KEY-----",
		"ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIAABAg==", "a\n" + operatorKey}}
	s.SSH = spec.SSH{User: "a b"}
	found := faults(t, s)
	for _, path := range []string{"ssh.user", "ssh.sudo", "prepare.authorize.home",
		"prepare.authorize.keys[1]", "prepare.authorize.keys[2]", "prepare.authorize.keys[3]",
		"prepare.authorize.keys[4]", "prepare.authorize.keys[5]"} {
		assert.Contains(t, found, path)
	}
	assert.NotContains(t, found, "prepare.authorize.keys[0]")
	for _, text := range found {
		assert.NotContains(t, text, "BEGIN")
	}
	s.SSH.User = "root"
	s.Prepare.Authorize = &spec.Authorize{}
	found = faults(t, s)
	assert.Contains(t, found, "prepare.sudo")
	assert.Contains(t, found, "prepare.authorize.keys")
}

// TestSudoIsForAUser: in a sudo rule, some words are not the name of a user.
func TestSudoIsForAUser(t *testing.T) {
	for user, fits := range map[string]bool{"ops": true, "Ops": true, "_OPS": true, "jane.doe": true, "OPS-1": true,
		"ALL": false, "OPS": false, "A": false, "OPS_1": false, "Defaults": false, "User_Alias": false, "sha256": false,
		"%wheel": false, "#0": false, "+net": false, "!ops": false, `"ALL"`: false, `\ALL`: false, "ops,ALL": false,
		"ops:x": false} {
		s := preparing(spec.Prepare{Sudo: &spec.Sudo{}})
		s.SSH = spec.SSH{User: user, Sudo: true}
		found := faults(t, s)
		_, fault := found["ssh.user"]
		assert.Equal(t, fits, !fault, "%s: %v", user, found)
	}
	s := preparing(spec.Prepare{Guests: &spec.Guests{}})
	s.SSH.User = "ALL"
	assert.NotContains(t, faults(t, s), "ssh.user", "no rule is written for the user")
}

func TestGuestsValidation(t *testing.T) {
	found := faults(t, preparing(spec.Prepare{Guests: &spec.Guests{Account: "qemu", Options: map[string]string{
		"admin socket": "run/x.asok", "log_file": "/var/log/x.log", "keyring": "/etc/x", "rbd cache": "true",
		"rbd_cache": "false", "a\nb": "1", "debug rbd": "1\n[global]",
	}}}))
	for _, path := range []string{"prepare.guests.account", "prepare.guests.options.admin socket",
		"prepare.guests.options.log_file", "prepare.guests.options.keyring", "prepare.guests.options.rbd_cache",
		"prepare.guests.options.a\nb", "prepare.guests.options.debug rbd"} {
		assert.Contains(t, found, path)
	}
	assert.Len(t, found, 7, "%v", found)
}

func TestRepositoryValidation(t *testing.T) {
	s := preparing(spec.Prepare{Repository: &spec.Repository{Apt: "mirror.example", Dnf: "https://a b", Suite: "a b",
		Components: []string{"a\nb"}, Key: "AAAA"}})
	s.Clusters[0].MinClient = "reef"
	s.SSH.Entry = &spec.Entry{User: "a b"}
	found := faults(t, s)
	for _, path := range []string{"prepare.repository.apt", "prepare.repository.dnf", "prepare.repository.suite",
		"prepare.repository.components[0]", "prepare.repository.key", "clusters[0].min_client",
		"ssh.entry", "ssh.entry.user"} {
		assert.Contains(t, found, path)
	}
	s.Prepare.Repository = &spec.Repository{Key: someKey}
	assert.Contains(t, faults(t, s), "prepare.repository")

	s.Prepare.Repository = &spec.Repository{Apt: "https://ops:pass-word@mirror.example/ceph",
		Dnf: "https://pass-word@mirror.example/ceph", Key: someKey}
	found = faults(t, s)
	for _, path := range []string{"prepare.repository.apt", "prepare.repository.dnf"} {
		assert.Contains(t, found[path], "a login")
	}
	assert.NotContains(t, s.Validate().Error(), "pass-word")
}

func TestHelperValidation(t *testing.T) {
	s := preparing(spec.Prepare{Sudo: &spec.Sudo{Helper: true, Narrow: true}})
	s.SSH = spec.SSH{User: "deploy", Sudo: true}
	s.Clusters[0].Host, s.Hosts[0].Layout = s.Hosts[0].Name, spec.LayoutUpstart
	found := faults(t, s)
	for _, path := range []string{"prepare.sudo.narrow", "ssh.entry", "hosts[0]", "clusters[0].access"} {
		assert.Contains(t, found, path)
	}
	s.SSH.Entry = &spec.Entry{User: "deploy", PasswordFile: "password"}
	assert.Contains(t, faults(t, s), "ssh.entry.user")

	s = preparing(spec.Prepare{Sudo: &spec.Sudo{Helper: true}})
	s.SSH = spec.SSH{User: "deploy", Sudo: true, Entry: &spec.Entry{User: "first", PasswordFile: "password"}}
	assert.NoError(t, s.Validate())
	assert.True(t, s.SSH.Helps(*s.Prepare))
	s.Prepare.Guests = &spec.Guests{}
	assert.NoError(t, s.Validate())
	for _, file := range []string{"/opt/x/$pid.log", "/var/log/$pid.log", "/run", "/home/x/$pid.log"} {
		s.Prepare.Guests.Options = map[string]string{"log_file": file}
		assert.Contains(t, faults(t, s), "prepare.guests.options.log_file", file)
	}
	s.Prepare.Guests = nil
	s.Hosts = append(s.Hosts, spec.Host{Name: "storage"})
	s.Clusters[0].Host = "storage"
	assert.NoError(t, s.Validate(), "a host without services has no helper")
	s.Clusters[0].Host = s.Hosts[0].Name
	assert.Contains(t, faults(t, s), "clusters[0].access")
	s.SSH.User = "root"
	assert.False(t, s.SSH.Helps(*s.Prepare))
}
