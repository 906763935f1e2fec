package wire

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// A Reply is what came back about one op.
type Reply struct {
	Begun, Done bool
	Facts       map[string]string // word to value
	Raw         map[string][]byte // word to bytes
}

// Bytes decodes a fact in base64.
func (r Reply) Bytes(word string) ([]byte, error) {
	return base64.StdEncoding.DecodeString(r.Facts[word])
}

// MaxErrors is how many bytes of standard error there are: the last ones.
const MaxErrors = 64 << 10

// Lines are the facts that are a text, a line each.
func (r Reply) Lines(word string) string {
	var b strings.Builder
	for i := 0; ; i++ {
		line, ok := r.Facts[word+strconv.Itoa(i)]
		if !ok {
			return b.String()
		}
		b.WriteString(line + "\n")
	}
}

// Sub is what came back about one of several files.
func (r Reply) Sub(i int) Reply {
	sub := Reply{Begun: r.Begun, Done: r.Done, Facts: map[string]string{}, Raw: map[string][]byte{}}
	suffix := strconv.Itoa(i)
	for _, word := range []string{"stat", "acl", "link", "real", "err"} {
		if v, ok := r.Facts[word+suffix]; ok {
			sub.Facts[word] = v
		}
	}
	if data, ok := r.Raw["data"+suffix]; ok {
		sub.Raw["data"] = data
	}
	return sub
}

var (
	// ErrAnswer is an answer that the program cannot have written.
	ErrAnswer = errors.New("malformed answer")
	// ErrNoise is too much output before the answer, a line without end, or more
	// about one op than anybody asked for.
	ErrNoise = errors.New("too much output")
)

const (
	maxNoise = 1 << 20
	minEnd   = 32  // bytes of the line that ends what is raw: it is random
	perLine  = 128 // bytes that keeping a line takes, besides its text
	// maxDrained bounds what is raw and passed over, as nobody wants so much of it.
	maxDrained = 64 << 20
)

// AnswerBuffer is the size of an AnswerReader's buffer.
const AnswerBuffer = 1 << 10

// A Room is how many bytes may come back about an op: in a line, which goes for what is raw,
// too, and in all.
type Room struct{ Line, All int }

// An AnswerReader reads an answer.
type AnswerReader struct {
	r     *bufio.Reader
	mark  []byte
	rooms []Room
	all   int // bytes that may still come
	noise int
	hello bool
	next  int // op that is under way or comes next
	open  bool
	held  int // bytes of the op that is under way
}

// NewAnswerReader reads the answer to a request with this mark, and with an op for each room.
// An answer that has more about an op than there is room is an error, except that what is raw
// is cut there. So is an answer with more than all bytes. If r is a *bufio.Reader of
// AnswerBuffer bytes or more, it can be used after the answer.
func NewAnswerReader(r io.Reader, mark string, rooms []Room, all int) *AnswerReader {
	return &AnswerReader{r: bufio.NewReaderSize(r, AnswerBuffer), mark: []byte(mark + " "), rooms: rooms, all: all}
}

// room is that of the op that is under way.
func (a *AnswerReader) room() Room {
	if !a.open {
		return Room{maxNoise, maxNoise}
	}
	return a.rooms[a.next]
}

// A Line is one line of an answer: a word and its value about the op with index
// Op. Raw are the bytes that the line announced.
type Line struct {
	Op          int
	Word, Value string
	Raw         []byte
}

// Next is the next line of the answer, hello and bye included. io.EOF means that
// the answer ended before bye.
func (a *AnswerReader) Next() (Line, error) {
	for {
		b, err := a.line()
		if err != nil {
			return Line{}, err
		}
		rest, ours := bytes.CutPrefix(b, a.mark)
		if !a.hello {
			if !ours || string(rest) != "hello 2" {
				a.noise += len(b) + 1
				if a.noise > maxNoise {
					return Line{}, ErrNoise
				}
				continue
			}
			a.hello = true
			return Line{Word: "hello"}, nil
		}
		if !ours {
			return Line{}, ErrAnswer
		}
		word, value, _ := strings.Cut(string(rest), " ")
		l, err := a.step(word, value)
		if err == nil && word == "raw" {
			var end, size string
			l.Value, end, _ = strings.Cut(value, " ")
			end, size, _ = strings.Cut(end, " ")
			l.Raw, err = a.raw(end, size)
		}
		if err == nil {
			err = a.hold(l)
		}
		return l, err
	}
}

func (a *AnswerReader) step(word, value string) (Line, error) {
	l := Line{Op: a.next, Word: word, Value: value}
	bad := false
	switch word {
	case "beat":
	case "op":
		bad = a.open || value != strconv.Itoa(a.next) || a.next >= len(a.rooms)
		a.open = true
	case "done":
		bad = !a.open || value != strconv.Itoa(a.next)
		a.open = false
		a.next++
	case "bye":
		bad = a.open || a.next != len(a.rooms)
	default:
		bad = !a.open
	}
	if bad {
		return Line{}, ErrAnswer
	}
	return l, nil
}

// hold counts a line among those that are kept until its op is done. A host decides
// how many lines it sends, so that nothing else bounds what they take.
func (a *AnswerReader) hold(l Line) error {
	size := len(l.Word) + len(l.Value) + len(l.Raw) + perLine
	switch l.Word {
	case "beat":
	case "op", "done", "bye":
		a.held = 0
	default:
		a.held += size
	}
	a.all -= size
	if a.all < 0 || a.open && a.held > a.room().All {
		return ErrNoise
	}
	return nil
}

// raw reads bytes up to the line end. The newline before that line is not part of
// them. size, if it is not empty, says how many bytes are expected.
func (a *AnswerReader) raw(end, size string) ([]byte, error) {
	expected, err := strconv.Atoi(cmp.Or(size, "0"))
	if len(end) < minEnd || err != nil || expected < 0 {
		return nil, ErrAnswer
	}
	limit, drained := min(a.room().Line, max(0, a.all)), 0
	all := make([]byte, 0, min(expected+1, limit))
	begun := true // of a line
	for {
		b, err := a.r.ReadSlice('\n')
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return nil, err
		}
		if begun && err == nil && string(b[:len(b)-1]) == end {
			if len(all) == 0 {
				return nil, ErrAnswer
			}
			return all[:len(all)-1], nil
		}
		begun = err == nil
		if drained == 0 && len(all)+len(b) <= limit {
			all = append(all, b...)
		} else if drained += len(b); drained > maxDrained {
			return nil, ErrNoise
		}
	}
}

// line reads a line.
func (a *AnswerReader) line() ([]byte, error) {
	var long []byte
	for {
		b, err := a.r.ReadSlice('\n')
		if err == nil {
			if long == nil {
				return b[:len(b)-1], nil
			}
			long = append(long, b...)
			return long[:len(long)-1], nil
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return nil, err // a cut line is not an answer
		}
		long = append(long, b...)
		if len(long) > a.room().Line {
			return nil, ErrNoise
		}
	}
}

// An AnswerWriter writes an answer on the host's side.
type AnswerWriter struct {
	w    io.Writer
	mark string
	n    int
}

// NewAnswerWriter says hello.
func NewAnswerWriter(w io.Writer, mark string) (*AnswerWriter, error) {
	a := &AnswerWriter{w: w, mark: mark}
	_, err := io.WriteString(w, "\n"+mark+" hello 2\n")
	return a, err
}

// Begin says that the next op begins.
func (a *AnswerWriter) Begin() error { return a.say("op", strconv.Itoa(a.n)) }

// Done says facts about the op, and what is raw, and that it is over.
func (a *AnswerWriter) Done(facts map[string]string, raw map[string][]byte) error {
	for _, word := range slices.Sorted(maps.Keys(facts)) {
		if err := a.say(word, facts[word]); err != nil {
			return err
		}
	}
	for _, word := range slices.Sorted(maps.Keys(raw)) {
		end := rand.Text() + rand.Text()
		if err := a.say("raw", word+" "+end+" "+strconv.Itoa(len(raw[word]))); err != nil {
			return err
		}
		if _, err := a.w.Write(slices.Concat(raw[word], []byte("\n"+end+"\n"))); err != nil {
			return err
		}
	}
	a.n++
	return a.say("done", strconv.Itoa(a.n-1))
}

// Bye ends the answer.
func (a *AnswerWriter) Bye() error {
	_, err := io.WriteString(a.w, a.mark+" bye\n")
	return err
}

func (a *AnswerWriter) say(word, value string) error {
	_, err := io.WriteString(a.w, a.mark+" "+word+" "+value+"\n")
	return err
}
