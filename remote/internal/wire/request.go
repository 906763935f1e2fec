package wire

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

const hello = "cephstack 1 "

// An Op is an operation as it travels.
type Op struct {
	Name string
	Args []string // one line each
	List []string // any text without NUL
	Data []byte
}

// Shape says what the op called name has: how many arguments, whether a list,
// whether data. ok is false for an unknown name.
func Shape(name string) (args int, list, data, ok bool) {
	switch name {
	case "stat", "unit":
		return 1, false, false, true
	case "read", "remove", "restart":
		return 2, false, false, true
	case "attr", "mkdir":
		return 4, false, false, true
	case "write":
		return 7, false, true, true
	case "packages", "install":
		return 0, true, false, true
	case "run":
		return 2, true, true, true
	}
	return 0, false, false, false
}

// Begin is the first line of a request.
func Begin(mark string) []byte { return []byte(hello + mark + "\n") }

// End is the last line of a request.
func End() []byte { return []byte("end\n") }

// Head is all of the op but its data.
func (o Op) Head() []byte {
	var b bytes.Buffer
	b.WriteString(o.Name + "\n")
	for _, a := range o.Args {
		b.WriteString(a + "\n")
	}
	_, list, data, _ := Shape(o.Name)
	if list {
		fmt.Fprintln(&b, len(o.List))
		for _, s := range o.List {
			fmt.Fprintf(&b, "%d\n%s\n", strings.Count(s, "\n"), s)
		}
	}
	if data {
		fmt.Fprintln(&b, len(o.Data))
	}
	return b.Bytes()
}

// maxData bounds one op's data on the serving side.
const maxData = 1 << 30

var errRequest = errors.New("wire: malformed request")

// A RequestReader reads a request on the host's side.
type RequestReader struct {
	r    *bufio.Reader
	Mark string
}

// NewRequestReader reads the first line.
func NewRequestReader(r io.Reader) (*RequestReader, error) {
	q := &RequestReader{r: bufio.NewReader(r)}
	line, err := q.line()
	if err != nil {
		return nil, err
	}
	mark, ok := strings.CutPrefix(line, hello)
	if !ok || !validMark(mark) {
		return nil, errRequest
	}
	q.Mark = mark
	return q, nil
}

// Next is the next op, or io.EOF after the last one.
func (q *RequestReader) Next() (Op, error) {
	name, err := q.line()
	if err != nil {
		return Op{}, err
	}
	if name == "end" {
		return Op{}, io.EOF
	}
	n, list, data, ok := Shape(name)
	if !ok {
		return Op{}, errRequest
	}
	o := Op{Name: name}
	for range n {
		a, err := q.line()
		if err != nil {
			return Op{}, err
		}
		o.Args = append(o.Args, a)
	}
	if list {
		if o.List, err = q.list(); err != nil {
			return Op{}, err
		}
	}
	if data {
		if o.Data, err = q.data(); err != nil {
			return Op{}, err
		}
	}
	return o, nil
}

func (q *RequestReader) list() ([]string, error) {
	n, err := q.number(1 << 16)
	var list []string
	for ; err == nil && n > 0; n-- {
		var s string
		s, err = q.text()
		list = append(list, s)
	}
	return list, err
}

func (q *RequestReader) text() (string, error) {
	n, err := q.number(1 << 20)
	if err != nil {
		return "", err
	}
	s, err := q.line()
	for ; err == nil && n > 0; n-- {
		var more string
		more, err = q.line()
		s += "\n" + more
	}
	return s, err
}

func (q *RequestReader) data() ([]byte, error) {
	n, err := q.number(maxData)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if _, err := io.CopyN(&b, q.r, int64(n)); err != nil {
		return nil, io.ErrUnexpectedEOF
	}
	return b.Bytes(), nil
}

func (q *RequestReader) number(limit int) (int, error) {
	s, err := q.line()
	if err != nil {
		return 0, err
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 || n > limit {
		return 0, errRequest
	}
	return n, nil
}

// line is a whole line without its end; a cut one is an error.
func (q *RequestReader) line() (string, error) {
	s, err := q.r.ReadString('\n')
	if err != nil {
		return "", io.ErrUnexpectedEOF
	}
	return strings.TrimSuffix(s, "\n"), nil
}

func validMark(s string) bool {
	return len(s) == 32 && strings.Trim(s, "0123456789abcdef") == ""
}
