package remotetest

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/crypto/ssh"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/internal/wire"
)

// A Server is an SSH server on 127.0.0.1 with a Host behind it: a real
// connection without a real machine. It takes only the command that package
// remote starts its program with, and answers as that program would.
type Server struct {
	Address   string // host:port
	KnownHost string // the server's line for a known_hosts file
	Key       []byte `json:"-" yaml:"-"` // the private key that it lets in, PEM

	host   *Host
	config *ssh.ServerConfig
	listen net.Listener
	end    context.Context
	stop   context.CancelFunc
	all    sync.WaitGroup
}

// Format tells the address, for every verb, and nothing of the key.
func (s *Server) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "ssh server at "+s.Address) }

// Serve starts a server in front of h with new keys.
func Serve(h *Host) (*Server, error) {
	_, client, err := newKey()
	if err != nil {
		return nil, err
	}
	return ServeKey(h, client)
}

// ServeKey is Serve with a given private key, in PEM, that the server lets in.
// So several servers can let in the same key, as the hosts of a fleet do.
func ServeKey(h *Host, clientPEM []byte) (*Server, error) {
	hostSigner, _, err := newKey()
	if err != nil {
		return nil, err
	}
	clientSigner, err := ssh.ParsePrivateKey(clientPEM)
	if err != nil {
		return nil, err
	}
	listen, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	client := clientSigner.PublicKey().Marshal()
	s := &Server{Address: listen.Addr().String(), Key: clientPEM, host: h, listen: listen}
	s.end, s.stop = context.WithCancel(context.Background())
	_, port, _ := net.SplitHostPort(s.Address)
	s.KnownHost = fmt.Sprintf("[127.0.0.1]:%s %s", port, ssh.MarshalAuthorizedKey(hostSigner.PublicKey()))
	s.config = &ssh.ServerConfig{
		PublicKeyCallback: func(_ ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
			if bytes.Equal(key.Marshal(), client) {
				return nil, nil
			}
			return nil, errors.New("remotetest: unknown key")
		},
	}
	s.config.AddHostKey(hostSigner)
	s.all.Go(s.accept)
	return s, nil
}

func newKey() (ssh.Signer, []byte, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	block, err := ssh.MarshalPrivateKey(key, "")
	if err != nil {
		return nil, nil, err
	}
	signer, err := ssh.NewSignerFromKey(key)
	return signer, pem.EncodeToMemory(block), err
}

// Config writes known_hosts into dir and returns what remote.New needs to
// reach the server.
func (s *Server) Config(dir string) (remote.Config, error) {
	known := filepath.Join(dir, "known_hosts")
	f, err := os.OpenFile(known, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return remote.Config{}, err
	}
	_, err = f.WriteString(s.KnownHost)
	return remote.Config{
		Name: s.host.name, Address: s.Address, User: "root",
		Keys: []cephstack.Redacted{cephstack.Redact(s.Key)}, KnownHosts: []string{known},
	}, errors.Join(err, f.Close())
}

// Close ends the server and all connections, and waits for them.
func (s *Server) Close() error {
	err := s.listen.Close()
	s.stop()
	s.all.Wait()
	return err
}

func (s *Server) accept() {
	for {
		conn, err := s.listen.Accept()
		if err != nil {
			return
		}
		s.all.Go(func() { s.connection(conn) })
	}
}

func (s *Server) connection(conn net.Conn) {
	defer context.AfterFunc(s.end, func() { conn.Close() })()
	defer conn.Close()
	c, channels, requests, err := ssh.NewServerConn(conn, s.config)
	if err != nil {
		return
	}
	defer c.Close()
	s.all.Go(func() { ssh.DiscardRequests(requests) })
	for ch := range channels {
		if ch.ChannelType() != "session" {
			_ = ch.Reject(ssh.UnknownChannelType, "only sessions")
			continue
		}
		session, requests, err := ch.Accept()
		if err != nil {
			return
		}
		s.all.Go(func() { s.session(session, requests) })
	}
}

// session answers the first exec, and refuses all else. An answer that does not get through is the client's loss.
func (s *Server) session(session ssh.Channel, requests <-chan *ssh.Request) {
	defer session.Close()
	for r := range requests {
		var exec struct{ Command string }
		if r.Type != "exec" || ssh.Unmarshal(r.Payload, &exec) != nil {
			_ = r.Reply(false, nil)
			continue
		}
		_ = r.Reply(true, nil)
		s.all.Go(func() { ssh.DiscardRequests(requests) })
		status := uint32(127)
		if inline, ok := wire.Commanded(exec.Command); ok {
			status = 0
			if err := s.host.serve(s.end, inline, session, session); err != nil {
				status = 92 // an effect is possible
			}
		} else {
			const refusal = "remotetest: only the program of package remote runs here\n"
			_, _ = io.WriteString(session.Stderr(), refusal)
		}
		_, _ = session.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{status}))
		return
	}
}

// serve does what the host's program does: it answers one request after the
// other. The first request may be inline.
func (h *Host) serve(ctx context.Context, inline string, r io.Reader, w io.Writer) error {
	if inline != "" {
		request, ok := wire.Uninline(inline)
		if !ok {
			return errors.New("remotetest: malformed request in the command")
		}
		if err := h.answer(ctx, bufio.NewReader(bytes.NewReader(request)), w); err != nil {
			return err
		}
	}
	for in := bufio.NewReader(r); ; {
		if err := h.answer(ctx, in, w); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
	}
}

// answer is the host's end of an exchange. io.EOF means that no request came.
func (h *Host) answer(ctx context.Context, r *bufio.Reader, w io.Writer) error {
	request, err := wire.NewRequestReader(r)
	if err != nil {
		return err
	}
	out, err := wire.NewAnswerWriter(w, request.Mark)
	if err != nil {
		return err
	}
	h.mu.Lock()
	h.exchanges++
	h.mu.Unlock()
	var earlier []remote.Result
	for {
		o, err := request.Next()
		if errors.Is(err, io.EOF) {
			return out.Bye()
		}
		if err != nil {
			return fmt.Errorf("remotetest: request: %w", notEOF(err))
		}
		if err := out.Begin(); err != nil {
			return err
		}
		result, said, err := h.travelled(ctx, o, earlier)
		if err != nil {
			return err
		}
		earlier = append(earlier, result)
		if err := out.Done(said.words, said.raw); err != nil {
			return err
		}
	}
}

// notEOF makes an unexpected end out of io.EOF, which would mean that there was
// no request.
func notEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// travelled runs an operation as it travels, and gives its answer.
func (h *Host) travelled(ctx context.Context, o wire.Op, earlier []remote.Result) (remote.Result, answer, error) {
	if err := (remote.If{OK: o.Needs}).Ready(earlier); err != nil {
		r := remote.Result{Err: err}
		return r, answer{words: map[string]string{"err": fault(err)}}, nil
	}
	if o.Name == "files" {
		return h.readFiles(ctx, o)
	}
	op, err := h.decode(o)
	if err != nil {
		return remote.Result{}, answer{}, err
	}
	result, lost := h.one(ctx, op)
	return result, h.answered(op, result), lost
}

func (h *Host) readFiles(ctx context.Context, o wire.Op) (remote.Result, answer, error) {
	limit, err := strconv.ParseInt(o.Args[0], 10, 64)
	if err != nil {
		return remote.Result{}, answer{}, err
	}
	var all remote.Result
	said := answer{map[string]string{}, map[string][]byte{}}
	for i, name := range o.List {
		var op remote.Op = remote.Stat{Path: strings.TrimPrefix(name, "s")}
		if path, read := strings.CutPrefix(name, "r"); read {
			op = remote.ReadFile{Path: path, Max: limit}
		}
		result, lost := h.one(ctx, op)
		if lost != nil {
			return result, answer{}, lost
		}
		all.Err = errors.Join(all.Err, result.Err)
		said.add(i, h.answered(op, result))
	}
	return all, said, nil
}
