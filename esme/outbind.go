package esme

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/esmehost/esmehost/pdu"
)

// incoming is a connection for the next session.
type incoming struct {
	conn    net.Conn
	peer    string
	outbind *pdu.PDU // what the SMSC began with, if it was it who connected
}

// outbinds listens for SMSCs that connect by themselves and ask for a bind by an outbind PDU (SMPP 3.4
// §2.2.1, §4.1.7). One session runs at a time; who connects meanwhile is turned away. A peer gets a
// session only after its outbind was right, so strangers at the port take nothing from the bind.
type outbinds struct {
	client *Client
	l      net.Listener
	ready  chan *incoming
	stop   context.CancelFunc
	all    sync.WaitGroup

	mu        sync.Mutex
	strangers strangers // have not sent the right outbind yet
	greeted   int       // have, and are about to become the session or to be turned away
	refusals  refusals
}

// maxGreeted is how many that sent the right outbind may wait for the client, which pauses after a failure.
const maxGreeted = 16

func (o *outbinds) next(ctx context.Context, _ int) (*incoming, error) {
	if o.l == nil {
		lc := net.ListenConfig{KeepAlive: o.client.Config.KeepAlive}
		l, err := lc.Listen(ctx, "tcp", o.client.Listen)
		if err != nil {
			return nil, connectError(err)
		}
		accepting, stop := context.WithCancel(context.Background())
		o.l, o.stop, o.ready = l, stop, make(chan *incoming)
		o.client.Log.Info("waiting for an outbind", "address", l.Addr().String())
		o.client.update(func(st *ClientStatus) { st.Listening = l.Addr().String() })
		o.all.Go(func() { o.accept(accepting) })
	}
	o.client.set("listening")
	select {
	case in := <-o.ready:
		return in, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (o *outbinds) close() {
	if o.l != nil {
		o.stop()
		o.l.Close()
		o.all.Wait()
		if n := o.refusals.unsaid; n > 0 {
			o.client.Log.Warn("connections refused", "count", n)
		}
	}
}

func (o *outbinds) accept(ctx context.Context) {
	for {
		conn, err := o.l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // out of file descriptors, for instance: others may give some back
			select {
			case <-time.After(time.Second):
			case <-ctx.Done():
			}
			continue
		}
		if !o.expected(conn) {
			conn.Close()
			o.refused(conn.RemoteAddr().String(), errors.New("no SMSC is awaited from there (outbind.from)"))
			continue
		}
		o.mu.Lock()
		o.strangers.enter(conn)
		o.mu.Unlock()
		o.all.Go(func() { o.greet(ctx, conn) })
	}
}

// expected reports whether conn comes from where an SMSC may.
func (o *outbinds) expected(conn net.Conn) bool {
	from := o.client.OutbindFrom
	a, ok := conn.RemoteAddr().(*net.TCPAddr)
	return len(from) == 0 || ok && slices.ContainsFunc(from, func(p netip.Prefix) bool { return unmapped(p).Contains(a.AddrPort().Addr().Unmap().WithZone("")) })
}

// unmapped is the IPv4 network that p is, where it is one in the words of IPv6 (::ffff:192.0.2.0/120).
func unmapped(p netip.Prefix) netip.Prefix {
	if a := p.Addr(); a.Is4In6() && p.Bits() >= 96 {
		return netip.PrefixFrom(a.Unmap(), p.Bits()-96)
	}
	return p
}

// offer makes in the next session. It reports false when the client has one, or pauses for too long.
func (o *outbinds) offer(ctx context.Context, in *incoming) bool {
	o.mu.Lock()
	full := o.greeted >= maxGreeted
	if !full {
		o.greeted++
	}
	o.mu.Unlock()
	if full {
		return false
	}
	defer func() {
		o.mu.Lock()
		o.greeted--
		o.mu.Unlock()
	}()
	if o.client.Session() != nil {
		return false
	}
	select {
	case o.ready <- in:
		return true
	case <-ctx.Done():
		return false
	}
}

// greet takes the outbind of a connection and offers it as the next session.
func (o *outbinds) greet(ctx context.Context, raw net.Conn) {
	cfg := o.client.Config.withDefaults()
	limit := 10 * time.Second
	if cfg.SessionInitLimit > 0 {
		limit = cfg.SessionInitLimit
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	peer := raw.RemoteAddr().String()
	conn, p, err := o.outbindOf(ctx, raw, cfg)
	o.mu.Lock()
	stayed := o.strangers.leave(raw, err == nil)
	o.mu.Unlock()
	if !stayed {
		if err == nil {
			conn.Close()
		}
		err = fmt.Errorf("no outbind, and more than %d who have sent none: it gives way", maxStrangers)
	}
	if err == nil && !o.offer(ctx, &incoming{conn: conn, peer: peer, outbind: p}) {
		err = errors.New("the bind has a session or pauses after one")
		conn.Close()
	}
	if err != nil {
		o.refused(peer, err)
	}
}

// refused logs that a connection was turned away: one line for each, or who floods the port would flood the log.
func (o *outbinds) refused(peer string, err error) {
	o.mu.Lock()
	say, unsaid := o.refusals.add(time.Now())
	o.mu.Unlock()
	if !say {
		return
	}
	if unsaid > 0 {
		err = fmt.Errorf("%w (%d more were refused since the last such line)", err, unsaid)
	}
	o.client.Log.Warn("connection refused", "peer", peer, "error", err.Error())
}

// outbindOf reads the outbind from raw, encrypted if cfg says so, until ctx ends. With an error raw is closed.
func (o *outbinds) outbindOf(ctx context.Context, raw net.Conn, cfg Config) (net.Conn, *pdu.PDU, error) {
	unwatch := context.AfterFunc(ctx, func() { raw.SetDeadline(time.Unix(1, 0)) })
	defer unwatch()
	conn, err := o.client.Dialer.accept(ctx, raw, cfg)
	if err != nil {
		return nil, nil, err
	}
	p, err := o.readOutbind(conn, cfg)
	if !unwatch() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		conn.Close()
		return nil, nil, err
	}
	return conn, p, nil
}

// readOutbind reads one PDU, and not an octet more, which must be the outbind that is expected.
func (o *outbinds) readOutbind(conn net.Conn, cfg Config) (*pdu.PDU, error) {
	b := make([]byte, pdu.HeaderLen, 128)
	if _, err := io.ReadFull(conn, b); err != nil {
		return nil, fmt.Errorf("no outbind: %w", err)
	}
	n, err := pdu.FrameLength(b, min(cfg.MaxPDUSize, 1024))
	if err != nil {
		conn.Write(headerOnly(pdu.CmdGenericNack, pdu.ESME_RINVCMDLEN).AppendTo(nil))
		return nil, err
	}
	b = append(b, make([]byte, n-len(b))...)
	if _, err := io.ReadFull(conn, b[pdu.HeaderLen:]); err != nil {
		return nil, fmt.Errorf("no outbind: %w", err)
	}
	p := new(pdu.PDU)
	err = p.Decode(b)
	refuse := func(status pdu.Status, format string, args ...any) error {
		nack := headerOnly(pdu.CmdGenericNack, status)
		nack.SetSequence(binary.BigEndian.Uint32(b[12:]))
		conn.Write(nack.AppendTo(nil))
		return fmt.Errorf(format, args...)
	}
	switch {
	case err != nil:
		return nil, refuse(pdu.ESME_RINVCMDLEN, "%s cannot be read: %w", p.CommandID(), err)
	case p.CommandID() != pdu.CmdOutbind:
		return nil, refuse(pdu.ESME_RINVBNDSTS, "an outbind was expected, but %s came", p.CommandID())
	case o.client.OutbindSystemID != "" && p.Str(pdu.FieldSystemID) != o.client.OutbindSystemID:
		return nil, refuse(pdu.ESME_RINVSYSID, "outbind of '%s': not the system_id that is expected", p.Str(pdu.FieldSystemID))
	case o.client.OutbindPassword != "" && p.Str(pdu.FieldPassword) != o.client.OutbindPassword:
		return nil, refuse(pdu.ESME_RINVPASWD, "outbind of '%s': wrong password", p.Str(pdu.FieldSystemID))
	}
	return p, nil
}
