package remotetest

import (
	"errors"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Turns is a TCP proxy that counts round trips. It behaves as a network whose
// delay is longer than everything that its two ends do, so that the ends take
// turns. It holds back what they send until both have been silent for a while.
// Then everything arrives, and that is half a round trip. The count does not
// depend on how fast the machine is, unless an end pauses for that long in the
// middle of what it sends.
//
// Connecting takes a round trip, as it does in TCP: the client is connected to
// the proxy at once, but its first bytes leave one later. Turns is safe for
// concurrent use; connections that are there at the same time share the turns,
// as they would share time.
type Turns struct {
	listener net.Listener
	dial     func(at net.Addr) (net.Conn, error)
	quiet    time.Duration
	stop     chan struct{}
	running  sync.WaitGroup

	mu      sync.Mutex
	step    int // half round trips since NewTurns
	begin   int // the step at which the count begins
	heard   int // the step of the last bytes for a client
	said    time.Time
	flights []flight
	open    map[net.Conn]bool
}

// A flight is what arrives at a step. A silent flight is the end of a stream,
// for which nobody waits.
type flight struct {
	due    int
	silent bool
	arrive func()
}

// NewTurns listens on a TCP address. It passes each connection on to the server
// that dial connects to; dial gets the address at which the client came in.
// quiet is how long both ends must be silent before a turn ends. It should be
// well above the time that an end takes to answer, such as 200 ms.
func NewTurns(address string, quiet time.Duration, dial func(at net.Addr) (net.Conn, error)) (*Turns, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	return newTurns(l, quiet, dial), nil
}

// newTurns is NewTurns with a listener that is there.
func newTurns(l net.Listener, quiet time.Duration, dial func(at net.Addr) (net.Conn, error)) *Turns {
	t := &Turns{listener: l, dial: dial, quiet: quiet, stop: make(chan struct{}), open: map[net.Conn]bool{}}
	t.running.Go(t.accept)
	t.running.Go(t.clock)
	return t
}

// Addr is where it listens.
func (t *Turns) Addr() net.Addr { return t.listener.Addr() }

// RoundTrips returns after how many round trips since the last Forget the
// clients got their last bytes.
func (t *Turns) RoundTrips() float64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return max(0, float64(t.heard-t.begin)/2)
}

// Forget waits until nothing is under way, and counts anew.
func (t *Turns) Forget() {
	for {
		t.mu.Lock()
		if len(t.flights) == 0 {
			t.begin = t.step
			t.mu.Unlock()
			return
		}
		t.mu.Unlock()
		time.Sleep(t.quiet / 4)
	}
}

// Close ends all connections and the proxy.
func (t *Turns) Close() error {
	t.mu.Lock()
	close(t.stop)
	err := t.listener.Close()
	for conn := range t.open {
		err = errors.Join(err, conn.Close())
	}
	clear(t.open)
	t.mu.Unlock()
	t.running.Wait()
	return err
}

func (t *Turns) accept() {
	for {
		client, err := t.listener.Accept()
		if err != nil || !t.keep(client) {
			return
		}
		t.mu.Lock()
		first := t.step + 3 // the third packet is what the server accepts with
		t.mu.Unlock()
		servers, ended := make(chan net.Conn, 1), new(atomic.Int32)
		t.send(flight{due: first, arrive: func() { t.connect(client, servers, ended) }})
		t.running.Go(func() { t.carry(&side{from: client, others: servers, first: first, ended: ended}) })
	}
}

// A side is one direction of a connection.
type side struct {
	from     net.Conn
	others   <-chan net.Conn // gives the other end, once it is there
	to       net.Conn
	first    int // step before which nothing arrives
	toClient bool
	ended    *atomic.Int32 // how many sides of the connection have ended
}

// connect opens the server's side of a connection.
func (t *Turns) connect(client net.Conn, servers chan<- net.Conn, ended *atomic.Int32) {
	server, err := t.dial(client.LocalAddr())
	if err != nil || !t.keep(server) {
		close(servers)
		t.drop(client)
		return
	}
	servers <- server
	t.running.Go(func() { t.carry(&side{from: server, to: client, toClient: true, ended: ended}) })
}

// carry sends what one end says to the other end.
func (t *Turns) carry(s *side) {
	for {
		buf := make([]byte, 32<<10)
		n, err := s.from.Read(buf)
		if n > 0 {
			t.send(flight{due: s.first, arrive: func() { t.deliver(s, buf[:n]) }})
		}
		if err != nil {
			t.send(flight{due: s.first, silent: true, arrive: func() { t.end(s) }})
			return
		}
	}
}

// meet reports whether the other end is there.
func (s *side) meet() bool {
	if s.to == nil {
		s.to = <-s.others
	}
	return s.to != nil
}

func (t *Turns) deliver(s *side, data []byte) {
	if !s.meet() {
		return
	}
	if s.toClient {
		t.mu.Lock()
		t.heard = t.step
		t.mu.Unlock()
	}
	_, _ = s.to.Write(data) // a broken connection shows when it is read
}

// end passes on that one end says no more. Once both ends have ended, it closes
// both connections.
func (t *Turns) end(s *side) {
	if !s.meet() {
		return
	}
	if half, ok := s.to.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite() // it may be gone
	}
	if s.ended.Add(1) == 2 {
		t.drop(s.from)
		t.drop(s.to)
	}
}

// send lets something arrive at the next step, or at due if that is later.
func (t *Turns) send(f flight) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f.due = max(f.due, t.step+1)
	t.flights = append(t.flights, f)
	t.said = time.Now()
}

// clock ends turns.
func (t *Turns) clock() {
	tick := time.NewTicker(max(t.quiet/8, time.Millisecond))
	defer tick.Stop()
	for {
		select {
		case <-t.stop:
			return
		case <-tick.C:
			for _, f := range t.turn() {
				f.arrive()
			}
		}
	}
}

// turn takes the flights that arrive now, if both ends are silent.
func (t *Turns) turn() []flight {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.flights) == 0 || time.Since(t.said) < t.quiet {
		return nil
	}
	t.said = time.Now()
	all := t.flights
	if !slices.ContainsFunc(all, func(f flight) bool { return !f.silent }) {
		t.flights = nil
		return all
	}
	t.step++
	t.flights = nil
	var now []flight
	for _, f := range all {
		if f.due <= t.step {
			now = append(now, f)
		} else {
			t.flights = append(t.flights, f)
		}
	}
	return now
}

// keep notes a connection for Close, unless that was called.
func (t *Turns) keep(conn net.Conn) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	select {
	case <-t.stop:
		conn.Close()
		return false
	default:
		t.open[conn] = true
		return true
	}
}

func (t *Turns) drop(conn net.Conn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.open[conn] {
		delete(t.open, conn)
		conn.Close()
	}
}
