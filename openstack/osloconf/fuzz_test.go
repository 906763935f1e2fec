package osloconf_test

import (
	"bytes"
	"testing"

	"github.com/cephstack/cephstack/openstack/osloconf"
)

func FuzzParse(f *testing.F) {
	for _, text := range nasty {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := osloconf.Parse(data)
		if err != nil {
			return
		}
		if !bytes.Equal(data, file.Bytes()) {
			t.Fatalf("%q became %q", data, file.Bytes())
		}
	})
}

// replaced are the whole lines of a file from the first byte that another file does not have to the last.
func replaced(before, after []byte) []byte {
	from, to := 0, len(before)
	for from < to && from < len(after) && before[from] == after[from] {
		from++
	}
	for to > from && len(after)-(len(before)-to) > from && before[to-1] == after[len(after)-(len(before)-to)-1] {
		to--
	}
	if from == to {
		return nil
	}
	for from > 0 && !bytes.ContainsAny(before[from-1:from], "\r\n") {
		from--
	}
	for to < len(before) && !bytes.ContainsAny(before[to-1:to], "\r\n") {
		to++
	}
	return before[from:to]
}

func lines(text []byte) [][]byte {
	if len(text) == 0 {
		return nil
	}
	text = bytes.ReplaceAll(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")), []byte("\r"), []byte("\n"))
	return bytes.Split(bytes.TrimSuffix(text, []byte("\n")), []byte("\n"))
}

func FuzzSet(f *testing.F) {
	for _, text := range nasty {
		f.Add([]byte(text), "s", "a", "v")
	}
	f.Add([]byte("[s]\n#a = 1\n"), "s", "a", "$x")
	f.Add([]byte("[s]\r#a=1\r"), "t", "a-b", "")
	f.Fuzz(func(t *testing.T, data []byte, section, option, value string) {
		file, err := osloconf.Parse(data)
		if err != nil {
			return
		}
		if file.Set(section, option, value) != nil {
			if !bytes.Equal(data, file.Bytes()) {
				t.Fatalf("a refused Set changed %q to %q", data, file.Bytes())
			}
			return
		}
		after := file.Bytes()
		for _, line := range lines(replaced(data, after)) {
			if len(bytes.TrimSpace(line)) == 0 || bytes.ContainsAny(line[:1], "#;[") {
				t.Fatalf("Set(%q, %q) took %q out of %q: %q", section, option, line, data, after)
			}
		}
		again, err := osloconf.Parse(after)
		if err != nil {
			t.Fatalf("%q became %q: %v", data, after, err)
		}
		if got, ok := again.Lookup(section, option); !ok || got != value {
			t.Fatalf("%q became %q: set %q, reads %q", data, after, value, got)
		}
		if err := again.Set(section, option, value); err != nil || !bytes.Equal(after, again.Bytes()) {
			t.Fatalf("not idempotent: %q, %q, %v", after, again.Bytes(), err)
		}
		again.Unset(section, option)
		if again, err = osloconf.Parse(again.Bytes()); err != nil {
			t.Fatalf("Unset broke %q: %v", after, err)
		}
		if _, ok := again.Lookup(section, option); ok {
			t.Fatalf("Unset left it in %q", again.Bytes())
		}
	})
}
