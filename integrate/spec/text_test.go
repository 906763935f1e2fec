package spec_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack/osloconf"
)

// TestNoTextOfASpecIsHostile puts what no name, path or option has into every text of a Spec,
// one after the other. Each is a fault, and the error shows nothing of it raw.
func TestNoTextOfASpecIsHostile(t *testing.T) {
	hostile := []string{"a\x1b[2J", "a\nb", "a\r", "a\x00b", "a\tb", "a\x7f", "a\xffb", "a\u0085", "a\u009b31m",
		"a\u202eb",
		"a\u200bb", "a\u2028b", "\ufeffa", strings.Repeat("x", 20<<10)}
	s := full(t)
	places := 0
	leaves(reflect.ValueOf(&s).Elem(), "", func(string, func()) { places++ })
	require.Greater(t, places, 80)
	changed := 0
	texts(reflect.ValueOf(&s).Elem(), "", func(path string, set func(string)) {
		was := len(faultsAt(s.Validate(), path))
		for _, text := range hostile {
			set(text)
			if path == "prepare.repository.key" && len(text) == 20<<10 {
				continue // a key is longer than other texts
			}
			err := s.Validate()
			assert.NotEmpty(t, faultsAt(err, path), "%s: %.20q is no fault; there were %d of %[1]s", path, text, was)
			for line := range strings.SplitSeq(err.Error(), "\n") {
				assert.Less(t, len(line), 1200, path)
				assert.Equal(t, -1, strings.IndexFunc(line, func(r rune) bool { return !unicode.IsPrint(r) }), "%s: %q", path, line)
			}
			changed++
		}
		set("text")
	})
	assert.Greater(t, changed, 800)
}

// texts gives a way to set every text of a value, and every name of a map.
func texts(v reflect.Value, path string, do func(path string, set func(string))) {
	if v.Type() == reflect.TypeFor[spec.Secret]() {
		do(path, func(text string) { v.Set(reflect.ValueOf(spec.NewSecret(text))) })
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("yaml"), ",")
			texts(v.Field(i), strings.TrimPrefix(path+"."+name, "."), do)
		}
	case reflect.Pointer:
		texts(v.Elem(), path, do)
	case reflect.Slice:
		for i := range v.Len() {
			texts(v.Index(i), fmt.Sprintf("%s[%d]", path, i), do)
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			entry, name := v.MapIndex(key), key.String()
			do(path, func(text string) {
				v.SetMapIndex(reflect.ValueOf(name), reflect.Value{})
				name = text
				v.SetMapIndex(reflect.ValueOf(name), entry)
			})
			if entry.Kind() == reflect.String {
				do(path+"."+name, func(text string) { v.SetMapIndex(reflect.ValueOf(name), reflect.ValueOf(text)) })
				continue
			}
			texts(entry, path+"."+name, do)
		}
	case reflect.String:
		do(path, v.SetString)
	}
}

// faultsAt are the faults of a field, or of something in it.
func faultsAt(err error, path string) (found []string) {
	joined, _ := err.(interface{ Unwrap() []error })
	if joined == nil {
		return nil
	}
	for _, e := range joined.Unwrap() {
		if f, ok := e.(*spec.FieldError); ok && strings.HasPrefix(f.Path, path) {
			found = append(found, f.Message)
		}
	}
	return found
}

// values are what the options of files may be, and what they may not.
var values = map[string]bool{"": true, "true": true, "/var/log/ceph/$cluster-$type.$id.log": true, "a b": true,
	"a#b;c":      true,
	`back\slash`: true, `a "quoted" word`: true, "[v2:1/0,v1:2/0]": true, "${name}": true, "$$": true,
	"1 = 2": true, "-x": true,
	"caf\u00e9": false, " x": false, "x ": false, "x\ty": false, "x\ny": false, "x\x00": false, "x\u00a0": false,
	"x\xff": false,
	"${pid": false, "${}": false, "x\x1b[2J": false}

func TestValuesOfCephConf(t *testing.T) {
	for value, fits := range values {
		s := twoClusters()
		s.Prepare = &spec.Prepare{Guests: &spec.Guests{Options: map[string]string{"rbd cache policy": value}}}
		conf(&s, "client", "rbd_cache_policy", value)
		found := faults(t, s)
		for _, path := range []string{"clusters[0].conf.client.rbd_cache_policy", "prepare.guests.options.rbd cache policy"} {
			_, fault := found[path]
			assert.Equal(t, fits, !fault, "%s: %q: %s", path, value, found[path])
		}
	}
}

// TestFoldersOfGuests: the folders are in rules of AppArmor and in a file of systemd-tmpfiles.
func TestFoldersOfGuests(t *testing.T) {
	for folder, fits := range map[string]bool{"/run/ceph/guests": true, "/var/log/qemu-1.2_x": true, "/var/log/*": false,
		"/var/log/{a,b}": false, "/var/log/a b": false, "/var/log/%h": false, "/var/log/#x": false, "/var/log/a'": false,
		"/var/log/$pid": false, `/var/log/a\x20`: false, "/var/log/@{HOME}": false, "/var/log/a,": false} {
		found := faults(t,
			preparing(spec.Prepare{Guests: &spec.Guests{Options: map[string]string{"log_file": folder + "/x.log"}}}))
		_, fault := found["prepare.guests.options.log_file"]
		assert.Equal(t, fits, !fault, "%s: %s", folder, found)
	}
}

// TestFoldersThatGuestsMayHave: the account of QEMU owns them, so that a folder of the system or of another
// service is none of them.
func TestFoldersThatGuestsMayHave(t *testing.T) {
	fits := []string{"/run/ceph/guests", "/var/run/ceph/guests", "/run/guests", "/run/qemu", "/var/log/qemu",
		"/var/log/ceph/guests", "/var/log/guests/a", "/srv/vms", "/mnt/logs/guests", "/data/guests", "/run/userguests"}
	refused := []string{"/", "/etc", "/etc/cron.d", "/usr/bin", "/etc/sudoers.d", "/root/.ssh", "/usr/lib/systemd/system",
		"/etc/cephstack", "/etc/ceph", "/etc/ceph/x", "/boot/x", "/dev/shm", "/proc/1", "/home/x/.ssh", "/var/spool/cron",
		"/lib/x", "/sbin/x", "/run", "/var/run", "/var/log", "/var/lib", "/var/lib/nova", "/var/lib/dpkg/info",
		"/var/lib/nova/instances", "/srv", "/mnt", "/data", "/opt/x/bin", "/tmp", "/tmp/x", "/var/tmp/x", "/run/ceph",
		"/var/run/ceph", "/var/log/ceph", "/run/systemd", "/run/systemd/system", "/var/run/systemd/system", "/run/sudo/ts",
		"/run/udev/rules.d", "/run/tmpfiles.d", "/run/x.d", "/run/user/0", "/run/libvirt", "/run/lock", "/var/log/audit",
		"/var/log/journal", "/var/log/libvirt/qemu", "/var/log/nova", "/runx/y", "/srvx/y"}
	for _, option := range []string{"log_file", "admin_socket", "Admin Socket"} {
		for _, folder := range slices.Concat(fits, refused) {
			found := faults(t, preparing(spec.Prepare{Guests: &spec.Guests{Options: map[string]string{
				option: strings.TrimSuffix(folder, "/") + "/x"}}}))
			fault, is := found["prepare.guests.options."+option]
			assert.Equal(t, slices.Contains(refused, folder), is, "%s: %s", folder, found)
			if is {
				assert.Contains(t, fault, "for guests alone", folder)
			}
		}
	}
}

// TestOptionsOfBackendsReadBack compares with oslo.config: what is taken reads back, and what
// is refused does not, or holds what does not print.
func TestOptionsOfBackendsReadBack(t *testing.T) {
	parts := []string{"a", "true", "/x", "=", ":", "#", ";", `"`, "'", `\`, "[x]", " ", "%s", "-", ",", "\u00e9",
		"\t", "\n", "\r",
		"\x00", "\x1c", "\u00a0", "\u2028", "\xff"}
	random := rand.New(rand.NewPCG(8, 2))
	var given []string
	var data []byte
	accepted := map[string]bool{}
	for range 600 {
		value := ""
		for range random.IntN(4) {
			value += parts[random.IntN(len(parts))]
		}
		s := exampleSpec()
		s.Cinder.Backends[0].Options = map[string]string{"k": value}
		accepted[value] = s.Validate() == nil
		printable := !strings.ContainsFunc(value, func(r rune) bool { return !unicode.IsPrint(r) || r == '\ufffd' })
		if accepted[value] || printable {
			given = append(given, value)
			data = fmt.Appendf(data, "[s%d]\nk = %s\n", len(given)-1, value)
		}
	}
	read := oslo(t, data, len(given))
	refused := 0
	for i, value := range given {
		assert.Equal(t, accepted[value], read[i] == value, "%q reads as %q", value, read[i])
		if !accepted[value] {
			refused++
		}
	}
	assert.Greater(t, len(given)-refused, 100)
	assert.Greater(t, refused, 10)
	_, err := osloconf.Parse(data)
	require.NoError(t, err)
}

// oslo is the option k of the sections s0, s1, … as oslo.config reads it.
func oslo(t *testing.T, data []byte, n int) []string {
	t.Helper()
	const program = `
import sys
from oslo_config import cfg
c = cfg.ConfigOpts()
c(["--config-file", sys.argv[1]], default_config_files=[], default_config_dirs=[])
for i in range(int(sys.argv[2])):
    sys.stdout.write(c._namespace._get_value([("s%d" % i, "k")])[0] + "\0")
`
	python := "/usr/bin/python3"
	if out, err := exec.Command(python, "-c", "import oslo_config.cfg").CombinedOutput(); err != nil ||
		os.Getenv("CEPHSTACK_LIVE") == "0" {
		if os.Getenv("CEPHSTACK_LIVE") == "1" {
			t.Fatalf("python3-oslo.config is not installed: %v: %s", err, out)
		}
		t.Skip("live test: needs python3-oslo.config")
	}
	path := filepath.Join(t.TempDir(), "x.conf")
	require.NoError(t, os.WriteFile(path, data, 0o600))
	cmd := exec.Command(python, "-c", program, path, fmt.Sprint(n))
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
	out, err := cmd.Output()
	require.NoError(t, err)
	return strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
}
