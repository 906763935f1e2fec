package sshconfig

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	ssh "github.com/kevinburke/ssh_config"

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
	parsed, err := ssh.DecodeBytes(prepared(text))
	if err != nil {
		return f, fmt.Errorf("%s: %w", path, err)
	}
	for i, h := range parsed.Hosts {
		b, err := r.block(f.path, h, depth)
		if err != nil {
			return f, err
		}
		if i > 0 && b.text == "" { // the first one is what comes before all blocks
			b.text = "Host " + strings.Join(b.patterns, " ")
		}
		f.blocks = append(f.blocks, b)
	}
	return f, nil
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

// What the parser gets in place of Include and Match, which are read here, and of a # that begins no comment.
const (
	includeWord = "CephstackInclude"
	matchWord   = "CephstackMatch"
	hash        = "\x01"
)

// prepared is a text for the parser, without comments. Each line stays at its place.
func prepared(text []byte) []byte {
	var b bytes.Buffer
	for l := range strings.Lines(string(text)) {
		l = withoutComment(strings.Map(func(r rune) rune {
			if r == '\t' || r == '\r' || r == '\n' || r == '\f' {
				return ' '
			}
			return r
		}, l))
		word, rest := l, ""
		if at := strings.IndexAny(l, " =\""); at >= 0 {
			word, rest = l[:at], l[at:]
		}
		switch strings.ToLower(word) {
		case "include":
			l = includeWord + rest
		case "match": // a block, and what it is for as its first line
			l = "Host * !" + matchWord + "=" + hex.EncodeToString([]byte(value(rest)))
		}
		b.WriteString(l + "\n")
	}
	return b.Bytes()
}

// value is what comes behind a key.
func value(text string) string {
	return strings.TrimSpace(strings.TrimPrefix(strings.TrimLeft(text, " "), "="))
}

// withoutComment cuts a line where a word begins with #, and puts hash in the place of every other #.
func withoutComment(l string) string {
	var b strings.Builder
	quoted, before := false, ' '
	for _, r := range strings.TrimSpace(l) {
		switch {
		case r == '"':
			quoted = !quoted
		case r == '#' && !quoted && before == ' ':
			return strings.TrimSpace(b.String())
		}
		if b.WriteRune(r); r == '#' {
			cut := b.String()
			b.Reset()
			b.WriteString(strings.TrimSuffix(cut, "#") + hash)
		}
		before = r
	}
	return b.String()
}

func (r reader) block(path string, h *ssh.Host, depth int) (block, error) {
	var b block
	for _, p := range h.Patterns {
		text := p.String()
		if code, ok := strings.CutPrefix(text, "!"+matchWord+"="); ok {
			criteria, _ := hex.DecodeString(code) // it was encoded by prepared
			text, _, runs := strings.Cut(strings.ReplaceAll(string(criteria), hash, "#"), "exec")
			if runs {
				text += "exec …" // a command may be long, and name what is not to be shown
			}
			b.text, b.unread = "Match "+text, !strings.EqualFold(text, "all")
			break
		}
		b.patterns = append(b.patterns, strings.ReplaceAll(strings.Trim(text, `"`), hash, "#"))
	}
	for _, n := range h.Nodes {
		kv, ok := n.(*ssh.KV)
		if !ok {
			continue
		}
		// The parser takes quotes off without regard to where they belong.
		raw := value(strings.TrimPrefix(strings.TrimSpace(kv.String()), kv.Key))
		l := line{at: kv.Pos().Line, key: strings.ToLower(kv.Key), values: fields(strings.ReplaceAll(raw, hash, "#"))}
		if kv.Key == includeWord {
			var err error
			if l.included, err = r.include(path, l, depth); err != nil {
				return b, err
			}
		}
		b.lines = append(b.lines, l)
	}
	return b, nil
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

// fields are the words of a text; double quotes keep a word together.
func fields(text string) []string {
	var all []string
	word, quoted, open := "", false, false
	flush := func() {
		if word != "" || quoted {
			all = append(all, word)
		}
		word, quoted = "", false
	}
	for _, r := range text {
		switch {
		case r == '"':
			open, quoted = !open, true
		case r == ' ' && !open:
			flush()
		default:
			word += string(r)
		}
	}
	flush()
	return all
}
