// Package troubleshooting is the pages of the guide that tell, message by message, what a message means
// and what to do. The pages are the source: Find reads them, and a test holds them against the code.
//
// # Use
//
// Find gives the entries for a line that somebody pasted:
//
//	for _, e := range troubleshooting.Find(line) {
//		fmt.Println(e.Title, e.Text)
//	}
//
// # Errors
//
// There are none: a line that no entry has gives no entries.
//
// # Concurrency and cancellation
//
// The functions may be called at the same time. They take milliseconds, and so no context.
//
// # Testing
//
// The tests of this package find each sentence of the code that a user can meet, and fail for a
// sentence without an entry, and for an entry whose sentence is gone.
package troubleshooting

import (
	"cmp"
	"embed"
	"path"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

//go:embed *.md
var pages embed.FS

// An Entry is a family of messages with one meaning and one remedy.
type Entry struct {
	// Page is the name of the page's file, such as "ceph.md".
	Page string
	// Area is the heading above, such as "Pools". It is empty on a page without areas.
	Area string
	// Title is the heading of the entry.
	Title string
	// Sentences are the messages as they are printed. "…" stands for what is filled in.
	Sentences []string
	// Codes are the codes of the findings that have these messages; none for errors and evidence.
	Codes []string
	// Text says what the messages mean, how to see it by hand, and what to do, in Markdown.
	Text string
}

// codes is how the line of an entry begins that has the codes of its findings.
const codes = "- **Codes.** "

// gap stands for what is filled in.
const gap = "…"

// Entries are all entries, by page, and in the order of the page. They are shared: do not change them.
func Entries() []Entry { return entries() }

// entries reads the pages once.
var entries = sync.OnceValue(func() []Entry {
	var all []Entry
	names, _ := pages.ReadDir(".") // an embedded folder is always there
	for _, n := range names {
		text, _ := pages.ReadFile(n.Name())
		all = append(all, parse(n.Name(), string(text))...)
	}
	return all
})

// parse reads the entries of a page: a heading of the third level, the sentences in a block of code, and the text.
func parse(page, text string) []Entry {
	r := reader{page: page}
	for line := range strings.Lines(text) {
		r.line(strings.TrimSuffix(line, "\n"))
	}
	r.end()
	return r.all
}

// A reader reads a page, line by line.
type reader struct {
	page, area string
	all        []Entry
	body       []string // of the text of the last entry
	// The parts of an entry: before the sentences, among them, behind them, and in the list of codes.
	before, among, inCodes bool
}

// line reads a line.
func (r *reader) line(line string) {
	e := &Entry{} // of a line before the first entry
	if len(r.all) > 0 {
		e = &r.all[len(r.all)-1]
	}
	listed := r.inCodes && strings.HasPrefix(line, "  ")
	r.inCodes = listed || strings.HasPrefix(line, codes)
	switch {
	case strings.HasPrefix(line, "```") && (r.before || r.among):
		r.before, r.among = false, r.before
	case r.among && strings.HasPrefix(line, "  ") && len(e.Sentences) > 0: // the sentence goes on
		e.Sentences[len(e.Sentences)-1] += " " + strings.TrimSpace(line)
	case r.among:
		e.Sentences = append(e.Sentences, line)
	case strings.HasPrefix(line, "## "):
		r.end()
		r.area = line[3:]
	case strings.HasPrefix(line, "### "):
		r.end()
		r.all = append(r.all, Entry{Page: r.page, Area: r.area, Title: line[4:]})
		r.before = true
	case r.inCodes:
		for word := range strings.FieldsSeq(strings.TrimPrefix(line, codes)) {
			e.Codes = append(e.Codes, strings.Trim(word, "`,"))
		}
	default:
		r.body = append(r.body, line)
	}
}

// end gives the last entry its text.
func (r *reader) end() {
	if len(r.all) > 0 && r.all[len(r.all)-1].Text == "" {
		r.all[len(r.all)-1].Text = strings.TrimSpace(strings.Join(r.body, "\n"))
	}
	r.body = nil
}

// most is how many entries Find gives.
const most = 3

// Find gives the entries that have a sentence of the line, the best first: the entry whose sentence has
// most words in common with the line. It gives three at most. The line may have a path, a host or another error
// around the sentence.
func Find(line string) []Entry {
	type hit struct {
		Entry
		letters int
	}
	line = strings.Join(strings.Fields(line), " ")
	var hits []hit
	find := func(common func(sentence, line string) int) {
		for _, e := range Entries() {
			best := 0
			for _, s := range e.Sentences {
				best = max(best, common(s, line))
			}
			if best > 0 {
				hits = append(hits, hit{e, best})
			}
		}
	}
	if find(common); len(hits) == 0 {
		find(begun)
	}
	slices.SortStableFunc(hits, func(a, b hit) int { return cmp.Compare(b.letters, a.letters) })
	var found []Entry
	for _, h := range hits[:min(len(hits), most)] {
		found = append(found, h.Entry)
	}
	return found
}

// common is the number of letters of a sentence that are in a line, in their order; 0 if not all of them are.
func common(sentence, line string) int {
	letters := 0
	for part := range strings.SplitSeq(sentence, gap) {
		at := index(line, part)
		if at < 0 {
			return 0
		}
		line = line[at+len(part):]
		for _, r := range part {
			if unicode.IsLetter(r) {
				letters++
			}
		}
	}
	const fewest = 5 // letters: shorter parts are in every line
	if letters < fewest {
		return 0
	}
	return letters
}

// begun is the number of letters of the beginning of a sentence that is the end of a line, as in a line that was cut;
// 0 if it is not there, or too short to tell one sentence from another.
func begun(sentence, line string) int {
	const fewest = 20 // letters
	for n := len(sentence); n > 0; n-- {
		first := sentence[:n]
		if !utf8.ValidString(first) {
			continue
		}
		parts := strings.Split(first, gap)
		if !strings.HasSuffix(line, parts[len(parts)-1]) {
			continue
		}
		if letters := common(first, line); letters >= fewest {
			return letters
		}
	}
	return 0
}

// index is where a part of a sentence is in a line, as whole words; -1 if it is not there.
func index(line, part string) int {
	for from := 0; ; {
		at := strings.Index(line[from:], part)
		if at < 0 {
			return -1
		}
		at += from
		if !joined(line[:at], part) && !joined(part, line[at+len(part):]) || part == "" {
			return at
		}
		from = at + 1
	}
}

// joined reports whether the last letter before and the first one after make one word.
func joined(before, after string) bool {
	b, _ := utf8.DecodeLastRuneInString(before)
	a, _ := utf8.DecodeRuneInString(after)
	return unicode.IsLetter(b) && unicode.IsLetter(a)
}

// Link is where the entry is in the guide, from the folder examples/guide.
func (e Entry) Link() string {
	return path.Join("troubleshooting", e.Page) + "#" + anchor(e.Title)
}

// anchor is how GitHub names a heading in a link.
func anchor(heading string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
			return unicode.ToLower(r)
		case r == ' ':
			return '-'
		}
		return -1
	}, heading)
}
