package sshconfig

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/cephstack/cephstack"
)

const (
	maxText  = 1 << 20 // of a file
	maxDepth = 16      // of Include, as in ssh
)

// A Config is what the files say, in the order in which ssh reads them.
type Config struct {
	home  string
	files []file
}

// A file is one that was read, with those that it includes.
type file struct {
	path   string
	blocks []block
}

// A block is the lines below a Host or a Match.
type block struct {
	text     string // of its line; empty for the beginning of a file
	patterns []string
	unread   bool // it is a Match that is not understood
	lines    []line
}

// A line is a setting, or files that are included.
type line struct {
	at       int
	key      string // in lower case
	values   []string
	included []file // of an Include
}

// Load reads files in their order: the first one that sets something counts. A file may be missing if it is
// optional. Home is the user's home folder.
func Load(home string, files ...Source) (*Config, error) {
	c := &Config{home: home}
	for _, f := range files {
		r := reader{home: home, system: f.System}
		read, err := r.file(f.Path, 0)
		absent := errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
		if absent && f.Optional && !errors.As(err, new(*includeError)) {
			continue
		}
		if err != nil {
			return nil, err
		}
		c.files = append(c.files, read)
	}
	return c, nil
}

// A Source is a file to read.
type Source struct {
	Path     string
	Optional bool
	System   bool // it is the one of /etc/ssh: a relative path of Include is below that
}

type reader struct {
	home   string
	system bool
}

// An includeError is an error of a file that another one includes.
type includeError struct{ error }

// Unwrap gives the error.
func (e *includeError) Unwrap() error { return e.error }

func (r reader) file(path string, depth int) (file, error) {
	f := file{path: path}
	if depth > maxDepth {
		return f, fmt.Errorf("%s: more than %d files include each other", path, maxDepth)
	}
	text, err := readFile(path)
	if err != nil {
		return f, err
	}
	f.blocks = []block{{patterns: []string{"*"}}} // what comes before all blocks
	at := 0
	for text := range strings.Lines(string(text)) {
		at++
		key, rest := keyword(text)
		if key == "" {
			continue
		}
		words, err := arguments(rest)
		if err != nil {
			return f, fmt.Errorf("%s:%d: %s: %w", path, at, key, err)
		}
		b := &f.blocks[len(f.blocks)-1]
		switch l := (line{at: at, key: strings.ToLower(key), values: words}); l.key {
		case "host":
			f.blocks = append(f.blocks, hostBlock(words))
		case "match":
			f.blocks = append(f.blocks, matchBlock(words, rest))
		case "include":
			if l.included, err = r.include(path, l, depth); err != nil {
				return f, err
			}
			b.lines = append(b.lines, l)
		case "proxyjump":
			l.values = []string{unquoted(rest)}
			b.lines = append(b.lines, l)
		default:
			b.lines = append(b.lines, l)
		}
	}
	return f, nil
}

// hostBlock is what comes below a Host.
func hostBlock(words []string) block {
	if end := slices.Index(words, ""); end >= 0 {
		words = words[:end] // as in ssh
	}
	return block{text: "Host " + strings.Join(words, " "), patterns: words}
}

// matchBlock is what comes below a Match. A command may be long, and name what is not to be shown.
func matchBlock(words []string, text string) block {
	if len(words) == 1 && strings.EqualFold(words[0], "all") {
		return block{text: "Match all", patterns: []string{"*"}}
	}
	text, _, runs := strings.Cut(text, "exec")
	if runs {
		text += "exec …"
	}
	return block{text: "Match " + text, unread: true}
}

// readFile reads a file that nobody but its owner, who is root or the user, can write.
func readFile(path string) ([]byte, error) {
	text, info, err := cephstack.ReadFile(path, maxText)
	if err != nil {
		return nil, err
	}
	if mode := info.Mode(); mode.IsRegular() && (mode.Perm()&0o022 != 0 || !ownOrRoots(info)) {
		return nil, fmt.Errorf("%s can be written by others than its owner (mode %04o), or belongs to another "+
			"user, and it "+
			"says where connections go: make it your own, and run chmod 600", path, mode.Perm())
	}
	return text, nil
}

// include reads the files that a line includes. As in ssh, a pattern may match nothing.
func (r reader) include(path string, l line, depth int) ([]file, error) {
	var all []file
	for _, pattern := range l.values {
		switch rest, home := strings.CutPrefix(pattern, "~/"); {
		case home:
			pattern = filepath.Join(r.home, rest)
		case filepath.IsAbs(pattern):
		case r.system:
			pattern = filepath.Join("/etc/ssh", pattern)
		default:
			pattern = filepath.Join(r.home, ".ssh", pattern)
		}
		names, err := filepath.Glob(pattern)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: Include %s: %w", path, l.at, pattern, err)
		}
		for _, name := range names {
			if info, err := os.Stat(name); err == nil && info.IsDir() {
				continue // as in ssh
			}
			f, err := r.file(name, depth+1)
			if err != nil {
				return nil, &includeError{fmt.Errorf("%s:%d: Include: %w", path, l.at, err)}
			}
			all = append(all, f)
		}
	}
	return all, nil
}
