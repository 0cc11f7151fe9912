package esme

import (
	"context"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/esmehost/esmehost/pdu"
)

// Session runs one [Machine] over a connection and hands its events to a [Handler]. All its methods
// may be called from any goroutine; those that send never wait, except where they say so.
type Session struct {
	cfg     Config
	handler Handler
	log     *slog.Logger
	outbind *pdu.PDU // the SMSC's, where it was the one to connect

	mu        sync.Mutex
	m         *Machine
	conn      net.Conn
	early     []func(now time.Time) // a stop that came before Run
	direct    *direct               // nil: all is written by the writer
	inbox     inbox
	roles     roles
	consuming bool          // the reader brings what was read, and will look itself who runs the callbacks
	batching  bool          // callbacks run: what they send goes out together
	ended     bool          // nothing is delivered any more
	half      bool          // the writer is to close the own side of the connection
	room      chan struct{} // closed when the queue has room again; nil while nobody waits
	replyRoom chan struct{} // and when answers can go out again
	timerAt   time.Time

	spare     []byte        // for the machine's next output
	urgent    bool          // it is to go out, batch or not
	rest      []byte        // what the transport did not take at once,
	restFrom  int           // from here on
	lateFlush bool          // the timer late is armed
	calm      int           // how often in a row it found nothing to do
	boundNow  chan struct{} // closed when bound; nil while nobody asked

	standBy, wakeWriter chan struct{}
	resume              sync.Cond // the reader waits until the peer reads
	timer, late         *time.Timer
	refusal             error       // Init's; set by the owner
	dead                atomic.Bool // Init failed, or the handler crashed: nothing new is for it
	done                chan struct{}
	exit                Exit // when done
}

// NewSession returns a session that Run starts. A nil log discards.
func NewSession(cfg Config, h Handler, log *slog.Logger) *Session {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	s := &Session{
		cfg: cfg.withDefaults(), handler: h, log: log,
		m:       NewMachine(cfg),
		standBy: make(chan struct{}, 1), wakeWriter: make(chan struct{}, 1),
		done: make(chan struct{}),
	}
	s.resume.L = &s.mu
	return s
}

// Exit is how a session ended.
type Exit struct {
	Reason  Reason
	Exit    string // what HandleStop returned
	Refused error  // Init's error; HandleStop was not called, and Exit is its ExitReason method's, if it has one
	Bound   bool   // a bind was accepted

	boundFor time.Duration // since then
}

// Run runs the session over conn until it has ended and everything is settled, and closes conn. When ctx ends, the
// session is stopped in order with the reason shutdown.
func (s *Session) Run(ctx context.Context, conn net.Conn) Exit {
	s.mu.Lock()
	s.conn, s.direct = conn, newDirect(conn)
	now := time.Now()
	s.m.Connected(now)
	s.timer = time.AfterFunc(time.Hour, s.expire)
	s.late = time.AfterFunc(time.Hour, s.flushLate)
	for _, input := range s.early {
		input(now)
	}
	s.early = nil
	s.arm()
	s.roles = roles{reader: 1, owned: true, in: reading{chunk: newChunk(smallChunk)}}
	s.mu.Unlock()

	var others sync.WaitGroup
	others.Go(func() { s.serve(1) })
	others.Go(s.write)
	unwatch := context.AfterFunc(ctx, func() { s.Stop(Reason{Kind: KindShutdown}) })

	if s.start() {
		s.serve(0)
	}
	<-s.done

	unwatch()
	conn.Close()
	s.mu.Lock()
	s.timer.Stop()
	s.late.Stop()
	s.mu.Unlock()
	others.Wait()
	return s.exit
}

// connected says how much of Timeout the connecting took.
func (s *Session) connected(took time.Duration) {
	if s.m.cfg.Timeout > 0 {
		s.m.cfg.Timeout = max(1, s.m.cfg.Timeout-took)
	}
}

// Tune changes how the session goes on: see [Machine.Tune]. One that is not connected begins with it.
func (s *Session) Tune(cfg Config) {
	s.mu.Lock()
	d := cfg.withDefaults()
	s.cfg.tune(&d)
	if s.conn == nil {
		s.m.cfg.tune(&d)
		s.m.setRate(0, false)
		s.mu.Unlock()
		return
	}
	s.m.Tune(time.Now(), cfg)
	s.passOn()
}
