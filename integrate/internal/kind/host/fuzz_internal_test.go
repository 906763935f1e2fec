package host

import (
	"strings"
	"testing"

	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/remote"
)

// FuzzVersions: of two versions of a package, whatever they are, not each is older than the other.
func FuzzVersions(f *testing.F) {
	f.Add("2:16.2.15+ds-0+deb12u1", "19.2.0~rc1")
	f.Add("99999999999999999999.1", "-1.2")
	f.Add(":", "~.~")
	f.Fuzz(func(t *testing.T, a, b string) {
		x, y := Upstream(a), Upstream(b)
		if older(x, y) && older(y, x) || older(x, x) {
			t.Fatalf("%q and %q", a, b)
		}
		tooOldFor(x, b)
		ReadsAES256k(a)
	})
}

// FuzzAppArmor: whatever the administrator's rules are, a change of cephstack's lines keeps every other byte, and
// there is nothing to change afterwards.
func FuzzAppArmor(f *testing.F) {
	for _, text := range []string{"", "/opt/x r,", rulesBegin + "/old/** rwk,\n" + rulesEnd, rulesBegin,
		rulesEnd + rulesBegin,
		"/a r,\r\n" + rulesBegin + rulesEnd + "/b", rulesBegin + rulesEnd + rulesBegin + rulesEnd} {
		f.Add([]byte(text), true)
		f.Add([]byte(text), false)
	}
	f.Fuzz(func(t *testing.T, text []byte, wanted bool) {
		others, broken := withoutOwn(string(text))
		if broken {
			return
		}
		var dirs []string
		if wanted {
			dirs = []string{"/run/ceph/guests"}
		}
		file := step.File{File: remote.File{Path: qemuLocal, Kind: "file", Owner: "root", Group: "root", Mode: 0o644},
			Data: text}
		d := appArmor{}.marked(file, others, dirs)
		if d.Do == nil {
			return
		}
		ops, err := d.Do.(step.HostStep).Ops(step.Late{})
		if err != nil {
			t.Fatal(err)
		}
		file.Data = ops[0].(remote.WriteFile).Data
		kept, broken := withoutOwn(string(file.Data))
		if broken || strings.TrimSuffix(kept, "\n") != strings.TrimSuffix(others, "\n") {
			t.Fatalf("%q became %q", text, file.Data)
		}
		if again := (appArmor{}).marked(file, kept, dirs); again.Do != nil {
			t.Fatalf("%q is not what was asked for", file.Data)
		}
	})
}
