package integrate_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The real systemd-tmpfiles boots a machine that has ceph-common's file, too.
func TestGuestFoldersSurviveReboots(t *testing.T) {
	program, err := exec.LookPath("systemd-tmpfiles")
	if err != nil || os.Geteuid() != 0 || os.Getenv("CEPHSTACK_LIVE") == "0" {
		if os.Getenv("CEPHSTACK_LIVE") == "1" {
			t.Fatal("systemd-tmpfiles and root are needed")
		}
		t.Skip("live test: needs root and systemd-tmpfiles")
	}
	w, in := open(t, preparing(spec.Prepare{Guests: &spec.Guests{}}))
	apply(t, in)
	ours, _ := w.Machines["compute1"].Contents("/etc/tmpfiles.d/cephstack-guests.conf")
	root := t.TempDir()
	for name, text := range map[string]string{
		"etc/passwd": "root:x:0:0::/:/bin/sh\nceph:x:64045:64045::/:/bin/sh\n" +
			"libvirt-qemu:x:64055:64056::/:/bin/sh\n",
		"etc/group":                     "root:x:0:\nceph:x:64045:\nkvm:x:64056:\n",
		"usr/lib/tmpfiles.d/ceph.conf":  "d /run/ceph 0770 ceph ceph -\n",
		"etc/tmpfiles.d/cephstack.conf": string(ours),
		"var/log/keep":                  "",
	} {
		require.NoError(t, os.MkdirAll(filepath.Join(root, filepath.Dir(name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(root, name), []byte(text), 0o644))
	}
	for range 2 {
		out, err := exec.Command(program, "--root="+root, "--create").CombinedOutput()
		require.NoError(t, err, "%s", out)
		require.Empty(t, string(out))
		out, err = exec.Command("stat", "-c", "%u %g %a", root+"/run/ceph", root+"/run/ceph/guests",
			root+"/var/log/qemu").Output()
		require.NoError(t, err)
		assert.Equal(t, "64045 64045 771\n64055 64056 770\n64055 64056 770\n", string(out))
		require.NoError(t, os.RemoveAll(root+"/run"))
	}
}
