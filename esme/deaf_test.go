package esme_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/esmehost/esmehost/esme"
	"github.com/esmehost/esmehost/pdu"
)

// deaf is a transport to a peer that accepts the bind, floods link checks from then on, and reads nothing.
type deaf struct {
	net.Conn // for its addresses
	links    []byte
	bind     chan uint32 // its sequence number
	bound    bool
	broken   chan struct{}
	breaking sync.Once
	sent     int
}

// deafSends is where it gives up to be stopped.
const deafSends = 64 << 20

func (d *deaf) Read(b []byte) (int, error) {
	if !d.bound {
		select {
		case seq := <-d.bind:
			d.bound = true
			resp := []byte("\x00\x00\x00\x15\x80\x00\x00\x09\x00\x00\x00\x00....peer\x00")
			binary.BigEndian.PutUint32(resp[12:], seq)
			return copy(b, resp), nil
		case <-d.broken:
			return 0, io.EOF
		}
	}
	select {
	case <-d.broken: // what the reader gets after a reset that the writer has got
		return 0, io.EOF
	default:
	}
	if d.sent >= deafSends {
		return 0, errors.New("nobody stops it")
	}
	n := copy(b, d.links[d.sent%pdu.HeaderLen:])
	d.sent += n
	return n, nil
}

func (d *deaf) Write(b []byte) (int, error) {
	if len(b) >= pdu.HeaderLen && pdu.CommandID(binary.BigEndian.Uint32(b[4:])) == pdu.CmdBindTransceiver {
		d.bind <- binary.BigEndian.Uint32(b[12:])
		return len(b), nil
	}
	<-d.broken
	return 0, syscall.ECONNRESET
}

func (d *deaf) reset() { d.breaking.Do(func() { close(d.broken) }) }

func (d *deaf) Close() error {
	d.reset()
	return d.Conn.Close()
}

// A peer that does not fetch its answers is not read from any more, and no limit of time has to end the session when
// it resets the connection then: all that was accepted is settled.
func TestAPeerThatFloodsAndReadsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mine, theirs := net.Pipe()
		defer theirs.Close()
		link := (&peer{t: t}).make("enquire_link", 1, pdu.ESME_ROK)
		d := &deaf{Conn: mine, links: bytes.Repeat(link, 1<<16), bind: make(chan uint32, 1), broken: make(chan struct{})}
		w := newWitness(t)
		w.run(esme.Config{Backlog: 64 << 10, ResponseLimit: esme.Infinity, EnquireLinkLimit: esme.Infinity,
			InactivityLimit: esme.Infinity, StalledLimit: esme.Infinity}, d)
		w.expect("init", "bound transceiver")
		synctest.Wait()
		if d.sent > 1<<20 {
			t.Fatalf("%d octets were read from a peer that fetches no answer; the backlog is %d", d.sent, 64<<10)
		}
		for range 3 {
			if err := w.session.Send(submit("1")); err != nil {
				t.Fatal(err)
			}
		}
		began := time.Now()
		d.reset()
		exit := w.ended("refused stopped never", "refused stopped never", "refused stopped never", "stop socket_error: connection reset by peer []")
		if took := time.Since(began); took != 0 || exit.Reason.Kind != esme.KindSocketError {
			t.Errorf("after %v: %+v", took, exit)
		}
	})
}

// deadlines keeps the write deadline that was set last.
type deadlines struct {
	net.Conn
	mu   sync.Mutex
	set  int
	last time.Time
}

func (d *deadlines) SetWriteDeadline(at time.Time) error {
	d.mu.Lock()
	d.set, d.last = d.set+1, at
	d.mu.Unlock()
	return d.Conn.SetWriteDeadline(at)
}

// TLS writes by itself too, when the peer wants new keys: it must not find the deadline of a write long ago. And the
// limit of a write may change while it is looked at (the race detector sees that).
func TestNoWriteDeadlineIsLeft(t *testing.T) {
	conn, p := meet(t, esme.Config{})
	d := &deadlines{Conn: conn}
	w := newWitness(t)
	w.run(esme.Config{}, d)
	p.accept()
	w.expect("init", "bound transceiver")
	var tuning sync.WaitGroup
	tuning.Go(func() {
		for i := range 100 {
			w.session.Tune(esme.Config{ResponseLimit: time.Duration(i+10) * time.Second})
		}
	})
	for range 100 {
		go func() { p.answer(p.expect("submit_sm"), pdu.ESME_ROK) }()
		if _, err := w.session.Request(context.Background(), submit(strings.Repeat("1", 20))); err != nil {
			t.Fatal(err)
		}
	}
	tuning.Wait()
	p.close()
	w.ended("stop socket_closed []")
	if d.set == 0 || !d.last.IsZero() {
		t.Errorf("set %d times, last to %v", d.set, d.last)
	}
}
