package wire

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

const hello = "cephstack 2 "

// An Op is an operation as it travels.
type Op struct {
	Name string
	Args []string // one line each
	List []string // any text without NUL
	Data []byte
	// Needs are the indexes of operations of the request that must have ended
	// well; otherwise this operation is passed over.
	Needs []int
}

// MaxList is how many elements a list can have: to take a further one, the host's
// program copies those before it.
const MaxList = 4096

// Shape says what the op called name has: how many arguments, whether a list,
// whether data. ok is false for an unknown name.
func Shape(name string) (args int, list, data, ok bool) {
	switch name {
	case "unit":
		return 1, false, false, true
	case "remove":
		return 2, false, false, true
	case "dir":
		return 3, false, false, true
	case "restart":
		return 3, true, false, true
	case "files":
		return 1, true, false, true
	case "attr", "mkdir":
		return 4, false, false, true
	case "run":
		return 4, true, true, true
	case "write":
		return 7, false, true, true
	case "packages", "install":
		return 0, true, false, true
	}
	return 0, false, false, false
}

// A Request is put together op by op.
type Request struct {
	Parts [][]byte
	Size  int64
	// Ends says for each op how many bytes of the request must arrive before it
	// begins. With less, it has no effect.
	Ends  []int64
	Plain bool // no data follows: it is one part

	mark  string
	lines []byte // of the part that is being made
	lent  []int  // the parts that are data of the caller
}

// maxLines bounds the bytes of a part, but for a line that is longer. The longer the
// part, the more work a line is for the host's program.
const maxLines = 16 << 10

// NewRequest returns a request without ops.
func NewRequest(mark string) *Request {
	r := &Request{Plain: true, mark: mark}
	r.put([]byte(hello + mark + "\n"))
	return r
}

func (r *Request) put(part []byte) {
	r.Parts = append(r.Parts, part)
	r.Size += int64(len(part))
}

// Add adds an op.
func (r *Request) Add(o Op) {
	lines, textual := o.Head(), o.textual() || len(o.Data) == 0
	if textual {
		lines = append(lines, o.Body()...)
	}
	if len(r.lines) > 0 && len(r.lines)+len(lines) > maxLines {
		r.flush()
		r.Plain = false
	}
	r.lines = append(r.lines, lines...)
	r.Ends = append(r.Ends, 0)
	if textual {
		return
	}
	r.flush()
	r.lent = append(r.lent, len(r.Parts))
	r.put(o.Data)
	r.Ends[len(r.Ends)-1] = r.Size
	r.put([]byte(r.mark + "\n"))
	r.Plain = false
}

// Wipe overwrites the parts of a request that was sent, as they may have secrets. Data of the caller stay.
func (r *Request) Wipe() {
	for i, part := range r.Parts {
		if !slices.Contains(r.lent, i) {
			clear(part)
		}
	}
}

// Close ends the request.
func (r *Request) Close() {
	r.lines = append(r.lines, "end\n"...)
	r.flush()
}

// flush ends a part, and puts its length before it. Only the lines of one op can be
// more than a part has: they become several.
func (r *Request) flush() {
	for first := true; first || len(r.lines) > 0; first = false {
		part := r.lines
		if len(part) > maxLines {
			end := bytes.LastIndexByte(part[:maxLines], '\n')
			if end < 0 {
				end = bytes.IndexByte(part, '\n')
			}
			part = part[:end+1]
			r.Plain = r.Plain && len(part) == len(r.lines)
		}
		r.put(fmt.Appendf(nil, "%d\n", len(part)))
		r.put(part)
		r.lines = r.lines[len(part):]
	}
	for i := len(r.Ends) - 1; i >= 0 && r.Ends[i] == 0; i-- {
		r.Ends[i] = r.Size
	}
}

// maxText is how long data may be to travel as a text, among the lines: to read
// a text, the host's program starts no other program.
const maxText = 4096

// Body is the data as it travels, after the head.
func (o Op) Body() []byte {
	if o.textual() {
		return append(bytes.Clone(o.Data), '\n')
	}
	return o.Data
}

func (o Op) textual() bool {
	return len(o.Data) > 0 && len(o.Data) <= maxText && bytes.IndexByte(o.Data, 0) < 0
}

// Head is the op without its data.
func (o Op) Head() []byte {
	head := o.head()
	if len(o.Needs) == 0 {
		return head
	}
	var need strings.Builder
	for i, n := range o.Needs {
		if i > 0 {
			need.WriteByte(' ')
		}
		need.WriteString(strconv.Itoa(n))
	}
	lines, size := head, len(o.Data)
	if o.textual() {
		lines, size = slices.Concat(head, o.Body()), 0
	}
	return append(fmt.Appendf(nil, "need\n%s\n%d\n%d\n", need.String(), bytes.Count(lines, []byte{'\n'}), size), head...)
}

func (o Op) head() []byte {
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
	switch {
	case data && o.textual():
		fmt.Fprintf(&b, "t%d\n", bytes.Count(o.Data, []byte{'\n'}))
	case data:
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
	left int // bytes of the part
	Mark string
}

// NewRequestReader reads the first line of a request. If r is a *bufio.Reader, it
// can be used after the request.
func NewRequestReader(r io.Reader) (*RequestReader, error) {
	q := &RequestReader{r: bufio.NewReader(r)}
	if _, err := q.r.Peek(1); err != nil {
		return nil, err // io.EOF: there is no further request
	}
	line, err := q.bare()
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
	o := Op{Name: name}
	if name == "need" {
		if err := q.needs(&o); err != nil {
			return Op{}, err
		}
	}
	n, list, data, ok := Shape(o.Name)
	if !ok {
		return Op{}, errRequest
	}
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

// needs reads the lines before an op that needs others, and the op's name.
func (q *RequestReader) needs(o *Op) error {
	line, err := q.line()
	if err != nil {
		return err
	}
	for field := range strings.FieldsSeq(line) {
		n, err := strconv.Atoi(field)
		if err != nil || n < 0 {
			return errRequest
		}
		o.Needs = append(o.Needs, n)
	}
	for range 2 {
		if _, err := q.number(maxData); err != nil {
			return err
		}
	}
	o.Name, err = q.line()
	return err
}

func (q *RequestReader) list() ([]string, error) {
	n, err := q.number(MaxList)
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
	return q.lines(n)
}

// lines is a text with n newlines.
func (q *RequestReader) lines(n int) (string, error) {
	s, err := q.line()
	for ; err == nil && n > 0; n-- {
		var more string
		more, err = q.line()
		s += "\n" + more
	}
	return s, err
}

func (q *RequestReader) data() ([]byte, error) {
	size, err := q.line()
	if err != nil {
		return nil, err
	}
	if lines, ok := strings.CutPrefix(size, "t"); ok {
		n, err := number(lines, maxText)
		if err != nil {
			return nil, err
		}
		text, err := q.lines(n)
		return []byte(text), err
	}
	n, err := number(size, maxData)
	if err != nil || n == 0 {
		return nil, err
	}
	if q.left != 0 {
		return nil, errRequest
	}
	var b bytes.Buffer
	if _, err := io.CopyN(&b, q.r, int64(n)); err != nil {
		return nil, io.ErrUnexpectedEOF
	}
	if end, err := q.bare(); err != nil || end != q.Mark {
		return nil, cmp.Or(err, errRequest)
	}
	return b.Bytes(), nil
}

func (q *RequestReader) number(limit int) (int, error) {
	s, err := q.line()
	if err != nil {
		return 0, err
	}
	return number(s, limit)
}

func number(s string, limit int) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 || n > limit {
		return 0, errRequest
	}
	return n, nil
}

// line is a line of a part.
func (q *RequestReader) line() (string, error) {
	if q.left == 0 {
		size, err := q.bare()
		if err != nil {
			return "", err
		}
		if q.left, err = number(size, maxData); err != nil {
			return "", err
		}
	}
	s, err := q.bare()
	if q.left -= len(s) + 1; err == nil && q.left < 0 {
		err = errRequest
	}
	return s, err
}

// bare is a whole line without its end. A line that was cut is an error.
func (q *RequestReader) bare() (string, error) {
	s, err := q.r.ReadString('\n')
	if err != nil {
		return "", io.ErrUnexpectedEOF
	}
	return strings.TrimSuffix(s, "\n"), nil
}

func validMark(s string) bool {
	return len(s) == 32 && strings.Trim(s, "0123456789abcdef") == ""
}
