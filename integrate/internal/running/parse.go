package running

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/cephstack/cephstack/integrate/internal/words"
	"github.com/cephstack/cephstack/remote"
)

// mark begins the line of a part. No XML can have it, and no line that begins with something else than a mark does.
const mark = "\x1e"

// most is how much an answer may have. A host with a thousand guests says 30 MiB.
const most = 256 << 20

// The errors of an answer.
var (
	errShort   = errors.New("the answer ends too early")
	errTooLong = errors.New("the answer is too long")
	errWhole   = errors.New("libvirt stopped answering while its domains were read")
)

// A part is a line that has the mark, and what follows it.
type part struct {
	words []string // of the line, without the mark
	text  string
}

// Parse reads what a host answered to Ask.
func Parse(r remote.Result) (Host, error) {
	if r.Err != nil {
		return Host{}, fmt.Errorf("what runs on the host cannot be read: %w", r.Err)
	}
	parts, err := partsOf(r.Data)
	if err != nil {
		if last := words.LastLine(r.Stderr); last != "" {
			return Host{}, fmt.Errorf("what runs on the host cannot be read: %w (%s)", err, last)
		}
		return Host{}, fmt.Errorf("what runs on the host cannot be read: %w", err)
	}
	var h Host
	h.Domains, h.DomainsErr = domainsOf(parts, words.LastLine(r.Stderr))
	containers := containersOf(parts)
	h.Processes, h.ProcessesErr = processesOf(parts, containers)
	h.Installed = installedOf(parts, containers)
	for _, p := range parts {
		if p.is("no-containers") {
			h.InstalledErr = errors.Join(h.InstalledErr, fmt.Errorf("the containers of %s cannot be listed", p.word(1)))
		}
	}
	h.Packages = packagesOf(parts)
	return compacted(h), nil
}

// partsOf takes an answer apart. Its last part proves that it is whole.
func partsOf(data []byte) ([]part, error) {
	if bytes.HasPrefix(data, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(bytes.NewReader(data))
		if err != nil {
			return nil, err
		}
		if data, err = io.ReadAll(io.LimitReader(z, most+1)); err != nil {
			return nil, errors.Join(errShort, err)
		}
	}
	if len(data) > most {
		return nil, errTooLong
	}
	var parts []part
	text := string(data)
	for len(text) > 0 {
		head, rest, _ := strings.Cut(text, "\n")
		end := len(rest)
		if strings.HasPrefix(rest, mark) {
			end = 0
		} else if i := strings.Index(rest, "\n"+mark); i >= 0 {
			end = i + 1
		}
		if strings.HasPrefix(head, mark) {
			parts = append(parts, part{strings.Fields(strings.TrimPrefix(head, mark)), rest[:end]})
		}
		text = rest[end:]
	}
	if len(parts) == 0 || !parts[len(parts)-1].is("end") {
		return nil, errShort
	}
	return parts, nil
}

// is reports whether a part has a name.
func (p part) is(name string) bool { return len(p.words) > 0 && p.words[0] == name }

// word is a word after the name of a part; empty where there is none.
func (p part) word(i int) string {
	if i >= len(p.words) {
		return ""
	}
	return p.words[i]
}

// lines are the lines of the part, without empty ones.
func (p part) lines() []string {
	return strings.FieldsFunc(p.text, func(r rune) bool { return r == '\n' })
}

// named are the lines of all parts of a name; there says whether there is such a part.
func named(parts []part, name string) (lines []string, there bool) {
	for _, p := range parts {
		if p.is(name) {
			lines, there = append(lines, p.lines()...), true
		}
	}
	return lines, there
}
