package esme

import (
	"context"
	"log/slog"
	"net/netip"
	"sync"
	"time"
)

// Client keeps one ESME at work: it connects, runs a session, and starts again as Restart says, with
// growing delays while that fails. Set the fields, then call Run; they must not change after that.
type Client struct {
	Config    Config
	Addresses []string // of the SMSC, see [Dial]: a failure moves on to the next, a good session stays
	// Listen is the host:port at which an SMSC that connects by itself is awaited (outbind, SMPP 3.4
	// §2.2.1), instead of Addresses.
	Listen string
	// OutbindSystemID and OutbindPassword are what an outbind PDU must bear; an empty one is not checked.
	OutbindSystemID, OutbindPassword string
	// OutbindFrom are the networks that an SMSC may connect from; empty: anywhere. Others take no place from it.
	OutbindFrom []netip.Prefix

	// NewSession makes the session for a connection to peer: NewSession(cfg, handler, log). Required.
	NewSession func(peer string) *Session

	Restart Restart
	Backoff Backoff
	Dialer  *Dialer      // nil: one of its own
	Log     *slog.Logger // nil discards

	mu      sync.Mutex
	status  ClientStatus
	session *Session
	stop    context.CancelFunc
	stopped bool
	bound   chan struct{} // closed when something changes, for who waits
}

// Restart is when a client starts again after a session, as OTP's supervisor does.
type Restart string

// Permanent: always. Transient: unless the exit was "normal" or "shutdown". Temporary: never.
const (
	Permanent Restart = "permanent" // also the meaning of ""
	Transient Restart = "transient"
	Temporary Restart = "temporary"
)

// Again reports whether to start again after o.
func (r Restart) Again(o Outcome) bool {
	switch r {
	case Transient:
		return !o.Normal()
	case Temporary:
		return false
	}
	return true
}

// Outcome is what became of one try.
type Outcome struct {
	Exit  Exit
	Err   error         // no session came about
	Lived time.Duration // the session, from its bind on
}

// Normal reports whether the session came about and ended as its handler wanted it.
func (o Outcome) Normal() bool {
	return o.Err == nil && (o.Exit.Exit == "normal" || o.Exit.Exit == "shutdown")
}

// String says why it ended.
func (o Outcome) String() string {
	switch {
	case o.Err != nil:
		return o.Err.Error()
	case o.Exit.Refused != nil:
		return o.Exit.Refused.Error()
	}
	return o.Exit.Reason.String()
}

// ClientStatus is a look at a client.
type ClientStatus struct {
	State     string    // connecting, listening, waiting (back-off), running (see the session), stopping, stopped or failed
	LastError string    // why the last try or session ended
	RetryAt   time.Time // the next try, while waiting
	Listening string    // the address, with Client.Listen
	Sessions  int       // that came about
	Total     Counters  // of the sessions that ended
}

// Status returns what the client is doing.
func (c *Client) Status() ClientStatus {
	c.mu.Lock()
	defer c.mu.Unlock()
	st := c.status
	if st.State == "" {
		st.State = "stopped"
	}
	return st
}

// Counters are those of all sessions, of the one that runs too.
func (c *Client) Counters() Counters {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := c.status.Total
	if c.session != nil {
		all.Add(c.session.Status().Counters)
	}
	return all
}

// Session returns the session that runs; nil if there is none.
func (c *Client) Session() *Session {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.session
}

// Bound waits until a session is bound and returns it; until ctx ends (code timeout), or the client has
// ended (code stopped).
func (c *Client) Bound(ctx context.Context) (*Session, error) {
	for {
		c.mu.Lock()
		s, st := c.session, c.status.State
		if c.bound == nil {
			c.bound = make(chan struct{})
		}
		change := c.bound
		c.mu.Unlock()
		if st == "stopped" || st == "failed" {
			return nil, &Error{Code: CodeStopped, Message: "the client has ended"} // for good
		}
		if s != nil && s.Bound(ctx) == nil {
			return s, nil
		}
		if s != nil && ctx.Err() == nil { // it ended: another one may come
			select {
			case <-s.done:
			case <-ctx.Done():
			}
		}
		select {
		case <-change:
		case <-ctx.Done():
			return nil, &Error{Code: CodeTimeout, Message: "no session was bound in time", Retryable: true, Cause: ctx.Err()}
		}
	}
}

func (c *Client) update(change func(st *ClientStatus)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change(&c.status)
	if c.bound != nil {
		close(c.bound)
		c.bound = nil
	}
}

func (c *Client) set(state string) { c.update(func(st *ClientStatus) { st.State = state }) }

// Stop ends Run as the end of its context does: the session is drained first. It does not wait.
func (c *Client) Stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopped = true
	if c.stop != nil {
		c.stop()
	}
	if c.session != nil {
		c.status.State = "stopping"
	}
}

// Run runs sessions until ctx ends or Restart says that it is over. A session in progress is drained
// first. It returns the last outcome.
func (c *Client) Run(ctx context.Context) Outcome {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c.mu.Lock()
	c.stop = cancel
	if c.stopped {
		cancel()
	}
	c.mu.Unlock()
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Dialer == nil {
		c.Dialer = new(Dialer)
	}
	connect, release := c.connector()
	defer release()
	wait := newDelays(c.Backoff)
	for n := 0; ; {
		o := c.once(ctx, connect, n)
		if ctx.Err() != nil {
			c.set("stopped")
			return o
		}
		c.update(func(st *ClientStatus) { st.LastError = o.String() })
		if !c.Restart.Again(o) {
			c.set(map[bool]string{true: "stopped", false: "failed"}[o.Normal()])
			c.Log.Info("bind ended", "reason", o.String())
			return o
		}
		if !wait.good(o) {
			n++
		}
		if !c.wait(ctx, wait.next(o), o) {
			c.set("stopped")
			return o
		}
	}
}

// connector returns how a connection is got: by dialling, or by listening.
func (c *Client) connector() (connect func(ctx context.Context, n int) (*incoming, error), release func()) {
	if c.Listen != "" {
		l := &outbinds{client: c}
		return l.next, l.close
	}
	return func(ctx context.Context, n int) (*incoming, error) {
		if len(c.Addresses) == 0 {
			return nil, &Error{Code: CodeConnect, Message: "no address of an SMSC is given"}
		}
		address := c.Addresses[n%len(c.Addresses)]
		conn, err := c.Dialer.Dial(ctx, address, c.Config)
		if err != nil {
			return nil, err
		}
		return &incoming{conn: conn, peer: address}, nil
	}, func() {}
}

// once gets a connection and runs one session over it.
func (c *Client) once(ctx context.Context, connect func(context.Context, int) (*incoming, error), n int) Outcome {
	if c.Listen == "" {
		c.set("connecting")
		if !c.Dialer.pace.wait(ctx, c.Dialer.ConnectRate) {
			return Outcome{Err: ctx.Err()}
		}
	}
	began := time.Now()
	in, err := connect(ctx, n)
	if err != nil {
		return Outcome{Err: err}
	}
	s := c.NewSession(in.peer)
	s.outbind = in.outbind
	if c.Listen == "" {
		s.connected(time.Since(began))
	}
	s.log.Info("connected", "peer", in.peer)
	c.update(func(st *ClientStatus) {
		c.session = s
		st.State = "running"
		st.Sessions++
	})
	exit := s.Run(ctx, in.conn)
	c.update(func(st *ClientStatus) {
		c.session = nil
		st.Total.Add(s.Status().Counters)
	})
	return Outcome{Exit: exit, Lived: exit.boundFor}
}

// wait lets the delay pass; false when ctx ended.
func (c *Client) wait(ctx context.Context, d time.Duration, o Outcome) bool {
	c.Log.Warn("waiting before the next try", "reason", o.String(), "delay", d.Round(time.Millisecond).String())
	c.update(func(st *ClientStatus) {
		st.State = "waiting"
		st.RetryAt = time.Now().Add(d)
	})
	return pause(ctx, d)
}
