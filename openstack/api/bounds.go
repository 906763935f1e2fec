package api

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"
)

// What a service may answer. More is an error, however long it takes to come.
const (
	mostHeader  = 64 << 10  // bytes of the header of an answer
	mostAnswer  = 32 << 20  // bytes of an answer that is not image data
	mostRefusal = 64 << 10  // bytes that are read of an answer that is an error
	mostList    = 256 << 20 // bytes of all pages of a list
	mostPages   = 10_000    // pages of a list
	listTimes   = 10        // a list takes at most this many times the timeout of a call
	stallTimes  = 10        // so many times the timeout of a call, leastData of an image may take
	leastData   = 64 << 10  // bytes
)

var errTooLarge = errors.New("the answer is larger than 32 MiB")

type dataKey struct{}

// sizeKey marks a request of a list: the bytes of its answers are added to the *int64 that it stands for.
type sizeKey struct{}

// withData marks a request whose body, or whose answer, is image data: it may be large, and take long.
func withData(ctx context.Context) context.Context { return context.WithValue(ctx, dataKey{}, true) }

// isLogin reports whether a URL is the URL that gives tokens.
func isLogin(url string) bool { return strings.HasSuffix(url, "/auth/tokens") }

// bounds ends each request that takes too long, from its first byte to the last byte of the answer, and cuts
// answers that are too large.
type bounds struct {
	next    http.RoundTripper
	timeout time.Duration
}

func (b bounds) RoundTrip(r *http.Request) (*http.Response, error) {
	data, _ := r.Context().Value(dataKey{}).(bool)
	data = data && !isLogin(r.URL.Path) // a login that becomes necessary has no image data
	ctx, cancel := context.WithCancelCause(r.Context())
	late := time.AfterFunc(b.timeout, func() { cancel(context.DeadlineExceeded) })
	if data {
		late.Stop()
	}
	end := func() { late.Stop(); cancel(nil) }
	resp, err := b.next.RoundTrip(r.WithContext(ctx))
	if err != nil {
		if errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
			err = context.DeadlineExceeded
		}
		end()
		return nil, err
	}
	body := &answer{from: resp.Body, ctx: ctx, end: end, left: mostAnswer, over: errTooLarge}
	body.size, _ = r.Context().Value(sizeKey{}).(*int64)
	switch {
	case resp.StatusCode >= http.StatusMultipleChoices:
		body.left, body.over = mostRefusal, io.EOF
	case data && r.Method == http.MethodGet:
		resp.Body = &stream{from: resp.Body, end: end}
		return resp, nil
	}
	if data {
		late.Reset(b.timeout)
	}
	resp.Body = body
	return resp, nil
}

// An answer is the body of an answer that is not image data.
type answer struct {
	from io.ReadCloser
	ctx  context.Context
	end  func()
	left int64
	over error  // what a reader gets behind the last byte that it may have
	size *int64 // where it is counted, or nil
}

func (a *answer) Read(p []byte) (int, error) {
	if a.left <= 0 {
		return 0, a.over
	}
	n, err := a.from.Read(p[:min(int64(len(p)), a.left)])
	a.left -= int64(n)
	if a.size != nil {
		*a.size += int64(n)
	}
	if err != nil && errors.Is(context.Cause(a.ctx), context.DeadlineExceeded) {
		err = context.DeadlineExceeded
	}
	return n, err
}

func (a *answer) Close() error {
	defer a.end()
	return a.from.Close()
}

// A stream is image data that come.
type stream struct {
	from io.ReadCloser
	end  func()
}

func (s *stream) Read(p []byte) (int, error) { return s.from.Read(p) }

func (s *stream) Close() error {
	defer s.end()
	return s.from.Close()
}

// errStalled is why a transfer of image data was ended.
var errStalled = errors.New("the data of the image moved too slowly, or not any more")

// A stall ends a transfer of image data in which nothing, or nearly nothing, moves any more.
type stall struct {
	after time.Duration
	timer *time.Timer
}

func newStall(after time.Duration, cancel context.CancelCauseFunc) stall {
	return stall{after, time.AfterFunc(after, func() { cancel(errStalled) })}
}

// of is a reader of which each leastData bytes are a sign of life.
func (s stall) of(r io.Reader) io.Reader { return &lively{Reader: r, stall: s} }

type lively struct {
	io.Reader
	stall
	moved int // since the last sign of life
}

func (l *lively) Read(p []byte) (int, error) {
	n, err := l.Reader.Read(p)
	if l.moved += n; l.moved >= leastData {
		l.moved = 0
		l.timer.Reset(l.after)
	}
	return n, err
}
