//go:build linux && amd64

package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A canary is a secret that is looked for.
type canary struct {
	kind string // key, cloud password, token, entry password, sudo password or private key
	name string
	text string
}

// A lawful place is one where a kind of secret has to be.
type lawful struct {
	kind  string
	where *regexp.Regexp // a path of the host, or of the operator
	mode  fs.FileMode    // the widest that the file may have
	why   string
}

// lawfuls are all places where a secret may be found. A temp file of the host is one, with the mode of its file: a
// write that is killed leaves the temp file to the next write.
func lawfuls() []lawful {
	return []lawful{
		{"key", regexp.MustCompile(`^host:/etc/ceph/ceph\.client\.[a-z]+\.keyring$`), 0o640, "the keyring of a service"},
		{"key", regexp.MustCompile(`^host:/etc/ceph/\.cephstack\.[^/]+$`), 0o640, "a keyring that was being written"},
		{"key", regexp.MustCompile(`^libvirt:/.*/secrets/[0-9a-f-]+\.base64(\.new)?$`), 0o600, "the secret of libvirt"},
		{"cloud password", regexp.MustCompile(`^operator:/clouds\.yaml$`), 0o600, "the login of the user"},
		{"entry password", regexp.MustCompile(`^operator:/deploy\.password$`), 0o600, "the password file of the Spec"},
		{"sudo password", regexp.MustCompile(`^operator:/keeper\.password$`), 0o600, "the password file of the Spec"},
		{"private key", regexp.MustCompile(`^operator:/(ops|keeper)_key$`), 0o600, "the key file of the Spec"},
	}
}

// A searcher looks for canaries in texts and files.
type searcher struct {
	canaries []canary
	forms    map[string]canary // by the bytes that are looked for
	texts    int
	bytes    int64
	lawful   int
	hits     []string
}

func (s *searcher) add(kind, name, text string) {
	if slices.ContainsFunc(s.canaries, func(c canary) bool { return c.text == text }) {
		return
	}
	if s.forms == nil {
		s.forms = map[string]canary{}
	}
	c := canary{kind, name, text}
	s.canaries = append(s.canaries, c)
	for _, form := range formsOf(kind, text) {
		s.forms[form] = c
	}
}

// pieceSize is how long a piece of a secret is that counts as a hit.
const pieceSize = 12

// formsOf are the ways in which a secret may be written. Each piece of a secret counts, but for the beginning of a key,
// which all keys share. A token of the fake is like its other IDs, so a piece of one does not count.
func formsOf(kind, text string) []string {
	if kind == "token" {
		return []string{text, hex.EncodeToString([]byte(text)), base64.RawStdEncoding.EncodeToString([]byte(text))}
	}
	all := []string{url.QueryEscape(text), url.PathEscape(text), html.EscapeString(text)}
	quoted := strconv.Quote(text)
	asJSON, _ := json.Marshal(text)
	all = append(all, quoted[1:len(quoted)-1], string(asJSON[1:len(asJSON)-1]))
	all = append(all, bytesForms([]byte(text))...)
	from := 0
	if kind == "key" {
		from = 16
		if raw, err := base64.StdEncoding.DecodeString(text); err == nil {
			all = append(all, string(raw[12:]), hex.EncodeToString(raw[12:]), strings.ToUpper(hex.EncodeToString(raw[12:])))
			all = append(all, wordForms(raw[12:])...)
		}
	}
	for ; from+pieceSize <= len(text); from += pieceSize {
		all = append(all, text[from:from+pieceSize])
	}
	return all
}

// bytesForms are bytes in base64, wherever they begin in a longer text, in hexadecimal, and as the words of a trace.
func bytesForms(data []byte) []string {
	all := []string{string(data), hex.EncodeToString(data), strings.ToUpper(hex.EncodeToString(data)),
		strings.Trim(fmt.Sprint(data), "[]")}
	for shift := range 3 {
		padded := append(make([]byte, shift), data...)
		for _, e := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			text := e.EncodeToString(padded)
			all = append(all, text[(shift*8+5)/6:len(text)-1])
		}
	}
	return append(all, wordForms(data)...)
}

// wordForms are the words of eight bytes as Go prints them in a trace of its goroutines.
func wordForms(data []byte) (all []string) {
	for ; len(data) >= 8; data = data[8:] {
		all = append(all, fmt.Sprintf("%#x", binary.LittleEndian.Uint64(data)),
			fmt.Sprintf("%016x", binary.BigEndian.Uint64(data)))
	}
	return all
}

// text searches a text that must have no secret.
func (s *searcher) text(where string, text []byte) {
	s.texts++
	s.bytes += int64(len(text))
	for form, c := range s.forms {
		if at := bytes.Index(text, []byte(form)); at >= 0 {
			begin := text[max(0, at-60):at]
			s.hits = append(s.hits, fmt.Sprintf("%s has the %s of %s as %.20q after %q", where, c.kind, c.name, form, begin))
		}
	}
}

// tree searches all files below a folder, which the places know by a name. Files that end while they are read are
// passed over.
func (s *searcher) tree(name, root string, pass func(string) bool) error {
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		within := name + ":/" + strings.TrimPrefix(strings.TrimPrefix(path, root), "/")
		if !d.Type().IsRegular() || pass(within) {
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return nil //nolint:nilerr // it has gone
		}
		info, err := os.Lstat(path)
		if err != nil {
			return nil //nolint:nilerr // it has gone
		}
		s.file(within, data, info.Mode().Perm())
		return nil
	})
}

// file searches a file. What may be there does not count, if nobody else may read it.
func (s *searcher) file(within string, data []byte, mode fs.FileMode) {
	all := lawfuls()
	kinds := map[string]bool{}
	for _, l := range all {
		if l.where.MatchString(within) && mode&^l.mode == 0 {
			kinds[l.kind] = true
		}
	}
	if len(kinds) == 0 {
		s.text(within, data)
		return
	}
	others := searcher{}
	for _, c := range s.canaries {
		if !kinds[c.kind] {
			others.add(c.kind, c.name, c.text)
		} else if bytes.Contains(data, []byte(c.text)) {
			s.lawful++
		}
	}
	others.text(within, data)
	s.texts, s.bytes, s.hits = s.texts+1, s.bytes+others.bytes, append(s.hits, others.hits...)
}

// take gives the hits so far, and forgets them.
func (s *searcher) take() []string {
	hits := s.hits
	s.hits = nil
	slices.Sort(hits)
	return slices.Compact(hits)
}

// writeJSON writes a value for another process of this program.
func writeJSON(path string, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o600)
}
