package esme

import (
	"encoding/binary"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/linxGnu/gosmpp"
	gopdu "github.com/linxGnu/gosmpp/pdu"

	"github.com/esmehost/esmehost/pdu"
)

// gosmppSession is a session of gosmpp, with the cheapest window that can be put around it: a counter.
type gosmppSession struct {
	tb        testing.TB
	session   *gosmpp.Session
	room      chan struct{}
	got, want atomic.Int64
	done      chan struct{}
}

func dialGosmpp(tb testing.TB, window int, job string) *gosmppSession {
	g := &gosmppSession{tb: tb, room: make(chan struct{}, window), done: make(chan struct{})}
	g.want.Store(-1)
	settings := gosmpp.Settings{
		ReadTimeout: time.Minute,
		OnPDU: func(p gopdu.PDU, _ bool) {
			switch p.(type) {
			case *gopdu.SubmitSMResp:
				<-g.room
				g.count()
			case *gopdu.DeliverSM: // it answers by itself
				g.count()
			}
		},
		OnSubmitError: func(_ gopdu.PDU, err error) { tb.Error(err) },
	}
	dial := func(address string) (net.Conn, error) { return net.Dial("tcp", address) }
	s, err := gosmpp.NewSession(gosmpp.TRXConnector(dial, gosmpp.Auth{SMSC: peerAddress, SystemID: job}), settings, 0)
	if err != nil {
		tb.Fatal(err)
	}
	g.session = s
	return g
}

func (g *gosmppSession) count() {
	if g.got.Add(1) == g.want.Load() {
		close(g.done)
	}
}

func (g *gosmppSession) submit(n int) {
	g.want.Store(int64(n))
	for range n {
		g.room <- struct{}{}
		p := gopdu.NewSubmitSM().(*gopdu.SubmitSM)
		p.SourceAddr.SetAddress("12345")
		p.DestAddr.SetAddress("491700000001")
		p.Message.SetMessageDataWithEncoding([]byte(text), nil)
		if err := g.session.Transceiver().Submit(p); err != nil {
			g.tb.Fatal(err)
		}
	}
	<-g.done
}

func (g *gosmppSession) awaitDelivered(n int) {
	g.want.Store(int64(n))
	if g.got.Load() < int64(n) {
		<-g.done
	}
}

func (g *gosmppSession) close() { g.session.Close() }

// bare is a loop over a connection that knows just enough of SMPP: the floor.
type bare struct {
	tb   testing.TB
	conn net.Conn
	buf  []byte
	have int
}

func dialBare(tb testing.TB, job string) *bare {
	conn, err := net.Dial("tcp", peerAddress)
	if err != nil {
		tb.Fatal(err)
	}
	l := &bare{tb: tb, conn: conn, buf: make([]byte, 64<<10)}
	bind := pdu.BindTransceiver{Header: pdu.Header{Sequence: 1}, SystemID: job}
	b, err := bind.AppendRelaxed(nil)
	if err != nil {
		tb.Fatal(err)
	}
	l.write(b)
	for l.read(pdu.CmdBindTransceiverResp, nil) == 0 {
	}
	return l
}

func (l *bare) write(b []byte) {
	if _, err := l.conn.Write(b); err != nil {
		l.tb.Fatal(err)
	}
}

// read reads once, gives each whole PDU of the command to f, and returns how many there were. It stops at the first that
// f is nil for, and leaves the others.
func (l *bare) read(id pdu.CommandID, f func(octets []byte)) (count int) {
	used := 0
	for l.whole(used) == 0 {
		n, err := l.conn.Read(l.buf[l.have:])
		if err != nil {
			l.tb.Fatal(err)
		}
		l.have += n
	}
	for size := l.whole(used); size > 0; size = l.whole(used) {
		if pdu.CommandID(binary.BigEndian.Uint32(l.buf[used+4:])) == id {
			count++
			if f != nil {
				f(l.buf[used : used+size])
			}
		}
		used += size
		if f == nil {
			break
		}
	}
	l.have = copy(l.buf, l.buf[used:l.have])
	return count
}

// whole is the length of the PDU at the offset; 0 if it is not there yet.
func (l *bare) whole(at int) int {
	if l.have-at < pdu.HeaderLen {
		return 0
	}
	if n := int(binary.BigEndian.Uint32(l.buf[at:])); n <= l.have-at {
		return n
	}
	return 0
}

func (l *bare) submit(n, window int) {
	m := pdu.SubmitSM{SourceAddr: "12345", DestinationAddr: "491700000001", ShortMessage: []byte(text)}
	one, err := m.AppendTo(nil)
	if err != nil {
		l.tb.Fatal(err)
	}
	var out []byte
	sent, got, seen := 0, 0, 0
	for got < n {
		out = out[:0]
		for sent < n && sent-got < window {
			sent++
			out = append(out, one...)
			binary.BigEndian.PutUint32(out[len(out)-len(one)+12:], uint32(sent))
		}
		if len(out) > 0 {
			l.write(out)
		}
		got += l.read(pdu.CmdSubmitSMResp, func(octets []byte) { seen += int(octets[15]) })
	}
}

func (l *bare) replyTo(n int) {
	var out []byte
	for got := 0; got < n; {
		out = out[:0]
		got += l.read(pdu.CmdDeliverSM, func(octets []byte) {
			out = binary.BigEndian.AppendUint32(out, 17)
			out = binary.BigEndian.AppendUint32(out, uint32(pdu.CmdDeliverSMResp))
			out = append(out, 0, 0, 0, 0)
			out = append(out, octets[12:16]...)
			out = append(out, 0)
		})
		l.write(out)
	}
}

func (l *bare) close() { l.conn.Close() }
