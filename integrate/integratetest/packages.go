package integratetest

import (
	"slices"
	"strings"

	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/remotetest"
)

// A program stands for a program on a host.
type program func(remote.Run) (stdout, stderr []byte, exit int)

// addInstallers gives a host the folders and programs that repositories and upgrades need in its distribution. A
// repository works if its file is well-formed and names a key that is there. It has the versions that AddPackage gave.
func (w *World) addInstallers(m *remotetest.Host, h spec.Host) {
	if w.layout(h) == "rdo" {
		m.AddFile("/etc/yum.repos.d/README", []byte("see dnf.conf(5)\n"), 0o644)
		w.addRunning(m, h, sh(map[string]program{"dnf": dnf(m)}))
		m.Handle("env", env(nil))
		return
	}
	w.addRunning(m, h, sh(nil))
	m.AddFile("/etc/apt/sources.list.d/README", []byte("see sources.list(5)\n"), 0o644)
	m.Handle("apt-get", aptGet(m))
	m.Handle("apt-mark", func(run remote.Run) (stdout, stderr []byte, exit int) {
		if !slices.Equal(run.Argv[1:], []string{"showhold"}) {
			return nil, []byte("E: Invalid operation\n"), 100
		}
		return nil, nil, 0
	})
	m.Handle("env", env(map[string]program{"apt-get": aptGet(m)}))
}

// env stands for the program env, which runs another program with variables, or true with none.
func env(programs map[string]program) program {
	return func(run remote.Run) (stdout, stderr []byte, exit int) {
		if slices.Equal(run.Argv[1:], []string{"-S", "-i /bin/true"}) {
			return nil, nil, 0
		}
		i := 1 + slices.IndexFunc(run.Argv[1:], func(a string) bool { return !strings.Contains(a, "=") })
		if fn := programs[run.Argv[i]]; i > 0 && fn != nil {
			run.Argv = run.Argv[i:]
			return fn(run)
		}
		return nil, []byte("env: " + run.Argv[i] + ": No such file or directory\n"), 127
	}
}

// sh stands for a shell that sets the umask and runs another program.
func sh(programs map[string]program) program {
	return func(run remote.Run) (stdout, stderr []byte, exit int) {
		if a := run.Argv; len(a) > 3 && a[1] == "-c" && programs[a[3]] != nil && a[2] == "umask 022; exec "+a[3]+` "$@"` {
			run.Argv = a[3:]
			return programs[a[3]](run)
		}
		return nil, []byte("sh: 1: not found\n"), 127
	}
}

// aptGet stands for apt-get. It knows update, of all sources or of a single file, and install --only-upgrade.
func aptGet(m *remotetest.Host) program {
	return func(run remote.Run) (stdout, stderr []byte, exit int) {
		words, flags, options := aptWords(run.Argv[1:])
		verb := append(words, "")[0]
		switch sources, only := options["Dir::Etc::sourcelist"], slices.Contains(flags, "--only-upgrade"); {
		case verb == "update" && len(words) == 1 && sources != "" && options["Dir::Etc::sourceparts"] == "-":
			if fault := aptFault(m, sources); fault != "" {
				return nil, []byte("E: " + fault + "\n"), 100
			}
			return nil, nil, 0
		case verb == "update" && len(words) == 1 && sources == "":
			return nil, nil, 0
		case verb == "install" && only:
			m.Upgrade(words[1:]...)
			return nil, nil, 0
		}
		return nil, []byte("E: Invalid operation " + verb + "\n"), 100
	}
}

// aptWords sorts the arguments of apt-get.
func aptWords(args []string) (words, flags []string, options map[string]string) {
	options = map[string]string{}
	for i := 0; i < len(args); i++ {
		switch {
		case args[i] == "-o" && i+1 < len(args):
			i++
			name, value, _ := strings.Cut(args[i], "=")
			options[name] = value
		case strings.HasPrefix(args[i], "-"):
			flags = append(flags, args[i])
		default:
			words = append(words, args[i])
		}
	}
	return words, flags, options
}

// aptFault is what is wrong with a file of sources in the deb822 form.
func aptFault(m *remotetest.Host, file string) string {
	text, ok := m.Contents(file)
	if !ok {
		return "Unable to read " + file
	}
	field := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ": "); ok && !strings.HasPrefix(name, "#") {
			field[name] = value
		}
	}
	for _, name := range []string{"Types", "URIs", "Suites", "Components", "Signed-By"} {
		if field[name] == "" {
			return "Malformed stanza in " + file + ": no " + name
		}
	}
	if key, _ := m.Contents(field["Signed-By"]); !strings.HasPrefix(string(key),
		"-----BEGIN PGP PUBLIC KEY BLOCK-----\n") {
		return "The repository '" + field["URIs"] + " " + field["Suites"] + " InRelease' is not signed."
	}
	return ""
}

// dnf stands for dnf. It knows upgrade.
func dnf(m *remotetest.Host) program {
	return func(run remote.Run) (stdout, stderr []byte, exit int) {
		words := slices.DeleteFunc(slices.Clone(run.Argv[1:]), func(a string) bool { return strings.HasPrefix(a, "-") })
		if len(words) < 2 || words[0] != "upgrade" {
			return nil, []byte("Unknown command\n"), 1
		}
		m.Upgrade(words[1:]...)
		return nil, nil, 0
	}
}
