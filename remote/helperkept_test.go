package remote_test

import (
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/helper"
)

// kept are paths that a helper never changes: whoever may write there is root at the next boot, login
// or run of a program of root's.
func kept() []string {
	return []string{
		"/", "/etc", "/usr", "/var", "/run", "/root", "/lib", "/usr/local", "/usr/local/libexec", "/usr/bin/x",
		"/usr/lib/tmpfiles.d/x.conf", "/bin/sh", "/sbin/x", "/lib64/x.so", "/opt/x", "/boot/x", "/dev/sda", "/proc/x",
		"/sys/x", "/root/.bashrc", "/home/admin/.ssh/authorized_keys", helper.Path, helper.AllowPath, "/etc/cephstack",
		"/etc/cephstack/other", "/etc/tmpfiles.d/cephstack-guests.conf", "/etc/tmpfiles.d", "/etc/crontab",
		"/etc/cron.d/x", "/etc/systemd/system/x.service", "/etc/ld.so.preload", "/etc/ld.so.conf.d/x.conf",
		"/etc/profile.d/x.sh", "/etc/udev/rules.d/x.rules", "/etc/modprobe.d/x.conf", "/etc/modules-load.d/x.conf",
		"/etc/pam.d/sudo", "/etc/security/limits.conf", "/etc/polkit-1/rules.d/x.rules", "/etc/apparmor.d/x",
		"/etc/sudoers", "/etc/sudoers.d/x", "/etc/sudo.conf", "/etc/ssh/sshd_config", "/etc/passwd", "/etc/group",
		"/etc/shadow", "/etc/gshadow", "/etc/init.d/x", "/etc/default/x", "/etc/environment", "/etc/logrotate.d/x",
		"/etc/rc.local", "/etc/apt/apt.conf.d/x", "/etc/libvirt/hooks/qemu", "/etc/nsswitch.conf", "/etc/ceph",
		"/etc/ceph/ceph.conf", "/etc/ceph/rbdmap", "/etc/nova", "/etc/nova/rootwrap.conf",
		"/etc/cinder/rootwrap.d/x.filters", "/run/systemd/system/x.service", "/run/tmpfiles.d/x.conf",
		"/run/udev/rules.d/x.rules", "/run/cephstack/x", "/run/sudo/ts/plain", "/var/log", "/var/spool/cron/root",
		"/var/lib/dpkg/info/x.postinst", "/run/modprobe.d/x.conf", "/run/modules-load.d/x.conf", "/run/sysctl.d/x.conf",
		"/run/binfmt.d/x.conf", "/run/initramfs/shutdown", "/run/polkit-1/rules.d/x.rules", "/run/credstore.encrypted/x",
		"/run/NetworkManager/conf.d/x.conf", "/run/extensions/x", "/run/netplan/x.yaml", "/run/a/b.d/x", "/vmlinuz",
		"/snap/x/bin/x", "/swap.img", "/new", "/nix/store/x",
	}
}

// changing are all changes of a path.
func changing(path string) []remote.Op {
	return []remote.Op{remote.WriteFile{Path: path, Data: []byte("x")}, remote.Remove{Path: path},
		remote.SetAttr{Path: path, Mode: 0o755}, remote.Mkdir{Path: path}}
}

// TestWhatRootReadsIsNeverChanged: the helper refuses it although the list has the line, and so does
// AllowList.
func TestWhatRootReadsIsNeverChanged(t *testing.T) {
	for shell, text := range helperShells() {
		s := startHelper(t, text)
		list, ops := "cephstack allow 1\n", []remote.Op{}
		for _, p := range kept() {
			for _, op := range changing(p) {
				require.Equal(t, "cephstack allow 1\n", string(helper.AllowList([]remote.Op{op})), "%v", op)
				ops = append(ops, op)
			}
			list += fmt.Sprintf("write %s - - -\nremove %[1]s\nattr %[1]s - - 0755\nmkdir %[1]s - - -\n", p)
		}
		s.put(t, "list/allow", list, 0o644)
		results, err := s.helped(t).Do(t.Context(), ops...)
		require.NoError(t, err)
		for i, op := range ops {
			if remote.Check(op) != nil {
				continue // the folder / is not a file
			}
			assert.ErrorIs(t, results[i].Err, helper.ErrDenied, "%s: %v", shell, op)
			assert.ErrorContains(t, results[i].Err, "is never changed by the helper", "%s: %v", shell, op)
			assert.False(t, results[i].Changed, "%v", op)
		}
		assert.NoFileExists(t, s.dir+"/etc/tmpfiles.d/cephstack-guests.conf")
	}
}

// TestWhatServicesReadIsChanged if the list has the line.
func TestWhatServicesReadIsChanged(t *testing.T) {
	for shell, text := range helperShells() {
		s := startHelper(t, text)
		require.NoError(t, os.MkdirAll(s.dir+"/etc/ceph", 0o755))
		var ops []remote.Op
		for _, dir := range []string{"/etc/cinder", "/etc/glance", "/etc/nova", "/run/ceph", "/run/ceph/guests"} {
			if strings.HasPrefix(dir, "/run") {
				ops = append(ops, remote.Mkdir{Path: dir, Owner: "daemon", Group: "daemon", Mode: 0o770})
				continue
			}
			require.NoError(t, os.MkdirAll(s.dir+dir, 0o755))
			ops = append(ops, remote.WriteFile{Path: dir + "/x.conf"})
		}
		ops = append(ops, remote.WriteFile{Path: "/etc/ceph/ceph.client.nova.keyring", Group: "daemon", Mode: 0o640})
		s.allow(t, ops...)
		results, err := s.helped(t).Do(t.Context(), ops...)
		require.NoError(t, err)
		for i, r := range results {
			assert.NoError(t, r.Err, "%s: %v", shell, ops[i])
		}
	}
}

// TestOwnersAreBoundToTheirPath: an owner, a group or a mode that the list has for one path is not
// allowed for another, and a minus keeps what is there.
func TestOwnersAreBoundToTheirPath(t *testing.T) {
	for shell, text := range helperShells() {
		s := startHelper(t, text)
		d := s.dir + "/work"
		s.put(t, "work/bare", "secret", 0o600)
		s.put(t, "work/key", "secret", 0o600)
		key := remote.WriteFile{Path: d + "/key", Data: []byte("x"), Owner: "root", Group: "daemon", Mode: 0o640}
		folder := remote.Mkdir{Path: d + "/folder", Owner: "daemon", Group: "daemon", Mode: 0o750}
		s.allow(t, key, folder, remote.WriteFile{Path: d + "/bare"},
			remote.SetAttr{Path: d + "/bare", Owner: "root", Mode: 0o640})
		h := s.helped(t)
		with := func(owner, group string, mode fs.FileMode) (ops []remote.Op) {
			for _, p := range []string{d + "/bare", d + "/key", d + "/folder"} {
				ops = append(ops, remote.WriteFile{Path: p, Owner: owner, Group: group, Mode: mode},
					remote.SetAttr{Path: p, Owner: owner, Group: group, Mode: mode},
					remote.Mkdir{Path: p, Owner: owner, Group: group, Mode: mode})
			}
			return ops
		}
		for _, op := range slices.Concat(with("daemon", "", 0), with("", "daemon", 0), with("root", "root", 0o640),
			with("", "", 0o644), with("daemon", "daemon", 0o755), with("root", "daemon", 0o644),
			with("1", "1", 0o750), with("daemon", "daemon", 0o640)) {
			r := single(t, h, op)
			require.ErrorIs(t, r.Err, helper.ErrDenied, "%s: %v", shell, op)
			require.False(t, r.Changed)
		}
		sum := digest("x")
		for _, as := range [][3]string{{"-", "-", ""}, {"", "", "-"}, {"", "", "0"}, {"root daemon", "0640", ""},
			{"root", "daemon 0640", ""}, {"", "", "0640"}, {"root", "daemon", "0640"}, {"root", "daemon", "000640"},
			{"--help", "", ""}, {"*", "*", ""}, {"", "?", ""}} {
			for _, p := range []string{d + "/bare", d + "/key", d + "/key root"} {
				r := s.raw(t, "", []string{"write", p, "", as[0], as[1], as[2], sum, "rnd", "t0", "x"})
				require.NotContains(t, string(r.Data), " changed 1", "%s: %q", shell, as)
			}
		}
		for _, name := range []string{"bare", "key"} {
			content, err := os.ReadFile(d + "/" + name)
			require.NoError(t, err)
			require.Equal(t, "secret", string(content))
		}
		for _, op := range []remote.Op{key, folder, remote.WriteFile{Path: d + "/bare", Data: []byte("x")}} {
			require.NoError(t, single(t, h, op).Err, "%s: %v", shell, op)
		}
	}
}
