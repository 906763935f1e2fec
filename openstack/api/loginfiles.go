package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/gophercloud/gophercloud/v2/openstack/config/clouds"
	"go.yaml.in/yaml/v3"

	"github.com/cephstack/cephstack"
)

// maxLoginFile is how many bytes a file of logins, of a certificate or of its key may have.
const maxLoginFile = 1 << 20

// loginFiles are the files of a cloud's login, as gophercloud would find them. The clouds file may be a pipe, so each
// is read once.
type loginFiles struct {
	options  []clouds.ParseOption
	warnings []Warning
	entries  []entry // of the cloud, those first that count before others
}

// An entry is what an entry of a clouds file says of other files.
type entry struct {
	CACert  string `yaml:"cacert"`
	Cert    string `yaml:"cert"`
	Key     string `yaml:"key"`
	Profile string `yaml:"profile"`
	Cloud   string `yaml:"cloud"`
}

func readLogin(ctx context.Context, cfg Config) (loginFiles, error) {
	name := first(cfg.CloudsFile, fileOf("clouds.yaml"))
	if name == "" { // gophercloud says where it looks
		return loginFiles{}, nil
	}
	var l loginFiles
	text, info, err := cephstack.ReadInput(ctx, name, maxLoginFile)
	if err != nil {
		return l, err
	}
	l.warnings = readable(name, text, info)
	l.options = []clouds.ParseOption{clouds.WithCloudsYAML(bytes.NewReader(text))}
	name = filepath.Join(filepath.Dir(name), "secure.yaml")
	switch secure, info, err := cephstack.ReadFile(name, maxLoginFile); {
	case err == nil:
		l.warnings = append(l.warnings, readable(name, secure, info)...)
		l.options = append(l.options, clouds.WithSecureYAML(bytes.NewReader(secure)))
		l.add(secure, "clouds", cfg.Cloud)
	case !passedOver(err):
		return l, err
	}
	l.add(text, "clouds", cfg.Cloud)
	if err := l.public(); err != nil {
		return l, err
	}
	return l, l.certificates()
}

// A fileError is about a file whose name a clouds file may have chosen. Its text is one line that can be printed.
type fileError struct{ err error }

func (e *fileError) Error() string { return line(e.err.Error()) }

func (e *fileError) Unwrap() error { return e.err }

// passedOver reports whether a file that cannot be read is passed over.
func passedOver(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission)
}

// add adds the entry of a cloud. What is wrong with the text, gophercloud says.
func (l *loginFiles) add(text []byte, section, cloud string) {
	var all map[string]yaml.Node
	var some map[string]yaml.Node
	var e entry
	if yaml.Unmarshal(text, &all) != nil {
		return
	}
	if node := all[section]; node.Decode(&some) != nil {
		return
	}
	if node := some[cloud]; node.Decode(&e) == nil {
		l.entries = append(l.entries, e)
	}
}

// of is the value of a field, from the first entry that has one.
func (l *loginFiles) of(field func(entry) string) string {
	for _, e := range l.entries {
		if value := field(e); value != "" {
			return value
		}
	}
	return ""
}

// public reads the file of the profiles of public clouds, if the cloud has a profile.
func (l *loginFiles) public() error {
	profile := first(l.of(func(e entry) string { return e.Profile }), l.of(func(e entry) string { return e.Cloud }))
	name := fileOf("clouds-public.yaml")
	if profile == "" || name == "" {
		return nil
	}
	text, _, err := cephstack.ReadFile(name, maxLoginFile)
	if err != nil {
		return err
	}
	l.options = append(l.options, clouds.WithCloudsPublicYAML(bytes.NewReader(text)))
	l.add(text, "public-clouds", profile)
	return nil
}

// certificates looks at the files that gophercloud will read as a whole, whatever they are.
func (l *loginFiles) certificates() error {
	for _, name := range []string{
		first(os.Getenv("OS_CACERT"), l.of(func(e entry) string { return e.CACert })),
		first(os.Getenv("OS_CERT"), l.of(func(e entry) string { return e.Cert })),
		first(os.Getenv("OS_KEY"), l.of(func(e entry) string { return e.Key })),
	} {
		if rest, ok := strings.CutPrefix(name, "~/"); ok {
			home, err := os.UserHomeDir()
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			name = filepath.Join(home, rest)
		}
		if name == "" {
			continue
		}
		if _, _, err := cephstack.ReadFile(name, maxLoginFile); err != nil {
			return err
		}
	}
	return nil
}

// fileOf is the path of a file that clients of OpenStack read: for the clouds file that of OS_CLIENT_CONFIG_FILE, or
// the first one that is there of those in the usual places; empty when there is none.
func fileOf(file string) string {
	if name := os.Getenv("OS_CLIENT_CONFIG_FILE"); name != "" && file == "clouds.yaml" {
		return name
	}
	config := os.Getenv("XDG_CONFIG_HOME")
	if home, err := os.UserHomeDir(); config == "" && err == nil {
		config = filepath.Join(home, ".config")
	}
	for _, folder := range []string{".", filepath.Join(config, "openstack"), "/etc/openstack"} {
		name := filepath.Join(folder, file)
		f, err := cephstack.OpenFile(name)
		if err == nil {
			f.Close()
		}
		if err == nil || !passedOver(err) {
			return name
		}
	}
	return ""
}
