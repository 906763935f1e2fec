package remote

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/remote/internal/wire"
)

// FuzzUnit: whatever systemctl says, a unit that is read has a state, and no time of its own
// where the host told none.
func FuzzUnit(f *testing.F) {
	for _, text := range []string{"", "LoadState=loaded\nActiveState=active\nMainPID=7\n" +
		"ExecMainStartTimestamp=Fri 2026-01-02 03:04:05.123456 UTC\nInvocationID=ab\n\nId=sysinit.target\nInvocationID=cd\n",
		"Id=a\r\nLoadState=not-found\r\nActiveState=inactive\r\n",
		"LoadState=x\nActiveState=active\nActiveEnterTimestamp=n/a\n",
		"ActiveState=active\nActiveEnterTimestamp=yesterday\nLoadState=loaded\n", "=\n==\nId=\nId=\n"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		u, err := parseUnit("a.service", []byte(text), clock{})
		if err == nil && (u.Name != "a.service" || u.Load == "" || u.Active == "") {
			t.Fatalf("%q is %+v", text, u)
		}
		if !u.Since.IsZero() && !strings.Contains(text, " UTC") {
			t.Fatalf("%q is since %s", text, u.Since)
		}
	})
}

// FuzzStat: what stat prints becomes a file, or an error.
func FuzzStat(f *testing.F) {
	for _, text := range []string{"81a0:12:0:64045:1767323045.5:1767323045:root:UNKNOWN", "", ":::::::",
		"41ed:0:0:0:1:1:a:b",
		"81a4:9223372036854775808:0:0:0:0:a:b", "ffffffff:-1:0:0:-1.999999999:9e9:a:b"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var file File
		if err := parseStat(text, &file); err != nil {
			return
		}
		if file.Kind == "" || file.Mode.Perm() != file.Mode.Perm()&0o777 || strings.Count(text, ":") != 7 {
			t.Fatalf("%q is %+v", text, file)
		}
	})
}

// FuzzAnswer: whatever a host answers about an operation, the result is of that operation, and
// its error is one line.
func FuzzAnswer(f *testing.F) {
	f.Add("stat", "81a0:12:0:0:1:1:root:root", []byte("x"))
	f.Add("err", "conflict "+"YQ==", []byte("\xff\x1b[2J\n"))
	f.Add("pkgs0", "ii ceph-common 16.2.15", []byte(nil))
	f.Add("exit", "4294967296", []byte("out"))
	f.Add("show0", "LoadState=loaded", []byte(nil))
	f.Fuzz(func(t *testing.T, key, value string, raw []byte) {
		for _, op := range []Op{Stat{Path: "/a"}, ReadFile{Path: "/a"}, ReadDir{Path: "/a"},
			UnitState{Unit: "a.service"}, Packages{Names: []string{"ceph-common"}}, Run{Argv: []string{"a"}},
			WriteFile{Path: "/a", Mode: 0o600}, Mkdir{Path: "/a", Mode: 0o700}, Remove{Path: "/a"}} {
			r := decode("h", op, wire.Reply{Begun: true, Done: true, Facts: map[string]string{key: value},
				Raw: map[string][]byte{key: raw, "data": raw}})
			if r.Err == nil {
				continue
			}
			text := r.Err.Error()
			if !strings.HasPrefix(text, "h: ") || strings.ContainsFunc(text, func(c rune) bool {
				return c < ' ' ||
					c == 0x7f
			}) ||
				!utf8.ValidString(text) {
				t.Fatalf("%T: %q", op, text)
			}
		}
	})
}

// FuzzSaid: whatever a login script prints, it is one line in an error, without what was sent.
func FuzzSaid(f *testing.F) {
	const password, key, prompt = "hunter2 of sudo", "AQBTo2NmAAAAABAAq8RvDH5xkV4LmHNNbGDZrw==", "[sudo-9f]"
	ops := []Op{WriteFile{Path: "/a", Data: []byte("[client.a]\n\tkey = " + key + "\n")},
		If{Op: Run{Argv: []string{"a"}, Stdin: cephstack.Redact(key + "\r\n")}}}
	for _, text := range []string{"", "invalid choice: " + key, "a\x1b[2J\u202e\n\nb\xff", "hunter2" + prompt + " of sudo",
		strings.Repeat("long ", 3000), "sudo: a password is required\r\n", "SUDO: SORRY, TRY AGAIN", "key =\n" + key[:20]} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, noise []byte) {
		s := &shell{asks: question{prompt: prompt, password: NewPassword(password)}}
		_, _ = s.noise.Write(noise)
		asked := strings.Contains(string(noise), prompt) // else the host never had the password
		if asked {
			s.asked.Add(1)
		}
		text := s.said(ops)
		odd := func(r rune) bool { return !unicode.IsPrint(r) }
		if asked && strings.Contains(text, password) || strings.Contains(text, key) || strings.ContainsFunc(text, odd) ||
			utf8.RuneCountInString(text) > 301 {
			t.Fatalf("%q is %q", noise, text)
		}
		if sudoRefused(string(noise)) && len(noise) == 0 {
			t.Fatal("silence is not a refusal")
		}
	})
}

// FuzzPrivateKey: a file that is not a private key is an error that does not quote the file.
func FuzzPrivateKey(f *testing.F) {
	const secret = "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZWQyNTUx"
	for _, kind := range []string{"OPENSSH", "RSA", "EC", "DSA", "ENCRYPTED"} {
		f.Add([]byte("-----BEGIN " + kind + " PRIVATE KEY-----\n" + secret + "\n-----END " + kind + " PRIVATE KEY-----\n"))
	}
	f.Add([]byte("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\n" + secret))
	f.Add([]byte(secret))
	f.Fuzz(func(t *testing.T, pem []byte) {
		s, err := parseKey(pem)
		if (s == nil) == (err == nil) {
			t.Fatalf("%q: %v, %v", pem, s, err)
		}
		if err != nil && (strings.Contains(err.Error(), secret[:12]) || len(err.Error()) > 200) {
			t.Fatalf("an error quotes the key: %q", err)
		}
	})
}
