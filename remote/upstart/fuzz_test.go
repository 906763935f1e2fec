package upstart

import "testing"

// FuzzParse: whatever the host says of a job, a job that is read has a state.
func FuzzParse(f *testing.F) {
	for _, text := range []string{"", "a start/running, process 7\nprocess 7 1767323045 12345 100", "a stop/waiting",
		"a: unrecognized service", "initctl: Unknown job: a", "a start/running\n", "a respawn/post-stop, process 1\nx",
		"a start/running, process 7\nprocess 7 9223372036854775807 9223372036854775807 1"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		u, err := parse("a", text)
		if err == nil && (u.Name != "a" || u.Load == "" || u.Active == "") {
			t.Fatalf("%q is %+v", text, u)
		}
		if err != nil && err.Error() == "" {
			t.Fatalf("%q: an error without text", text)
		}
	})
}
