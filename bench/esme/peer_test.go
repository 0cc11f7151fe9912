// Package esme measures a session beside gosmpp's and beside a bare loop over the connection. The SMSC is a process of its
// own, the same for all: what is counted as CPU is the client's alone.
package esme

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/esmehost/esmehost/pdu"
)

const peerVariable = "ESMEHOST_BENCH_PEER"

// peerAddress is where the SMSC listens.
var peerAddress string

func TestMain(m *testing.M) {
	if os.Getenv(peerVariable) != "" {
		servePeer()
		return
	}
	os.Exit(withPeer(m.Run))
}

func withPeer(run func() int) int {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), peerVariable+"=1")
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err == nil {
		var out io.ReadCloser
		if out, err = cmd.StdoutPipe(); err == nil {
			if err = cmd.Start(); err == nil {
				defer cmd.Wait()
				defer stdin.Close()
				peerAddress, err = bufio.NewReader(out).ReadString('\n')
				peerAddress = strings.TrimSpace(peerAddress)
			}
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "the SMSC does not start:", err)
		return 1
	}
	return run()
}

// servePeer is an SMSC that does as little as it can: it answers whole reads by one write, with octets made before. The
// system_id of a bind says what it does: "answer" each request at once; "hold N W" the
// responses until W requests have come over each of N connections; "send N W" N deliver_sm, of which W are unanswered at a time.
func servePeer() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(l.Addr())
	go func() {
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	all := new(barrier)
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		go (&peer{conn: conn, all: all}).serve()
	}
}

// peer is one connection of the SMSC.
type peer struct {
	conn net.Conn
	all  *barrier

	out      []byte
	job      string
	n, w     int
	sent     int // deliver_sm; or submit_sm whose responses are held
	answered int
}

// barrier lets nobody on before all have come.
type barrier struct {
	mu    sync.Mutex
	count int
	open  chan struct{}
}

func (x *barrier) wait(all int) {
	x.mu.Lock()
	if x.open == nil {
		x.open = make(chan struct{})
	}
	open := x.open
	if x.count++; x.count == all {
		x.count, x.open = 0, nil
		close(open)
	}
	x.mu.Unlock()
	<-open
}

func (p *peer) serve() {
	defer p.conn.Close()
	buf := make([]byte, 256<<10)
	have := 0
	for {
		n, err := p.conn.Read(buf[have:])
		if err != nil {
			return
		}
		have += n
		used, came := 0, 0
		for have-used >= pdu.HeaderLen {
			size := int(binary.BigEndian.Uint32(buf[used:]))
			if size > have-used {
				break
			}
			if pdu.CommandID(binary.BigEndian.Uint32(buf[used+4:])) == pdu.CmdSubmitSM {
				came++
			}
			p.take(buf[used : used+size])
			used += size
		}
		have = copy(buf, buf[used:have])
		if p.job == "hold" {
			if p.sent += came; p.sent >= p.w {
				p.sent = 0
				p.all.wait(p.n)
			} else if p.sent > 0 {
				continue
			}
		}
		if len(p.out) > 0 {
			if _, err := p.conn.Write(p.out); err != nil {
				return
			}
			p.out = p.out[:0]
		}
	}
}

var deliver = func() []byte {
	m := pdu.DeliverSM{SourceAddr: "491700000001", DestinationAddr: "12345", ShortMessage: []byte(strings.Repeat("x", 100))}
	b, err := m.AppendTo(nil)
	if err != nil {
		panic(err)
	}
	return b
}()

func (p *peer) take(octets []byte) {
	id, seq := pdu.CommandID(binary.BigEndian.Uint32(octets[4:])), binary.BigEndian.Uint32(octets[12:])
	switch id {
	case pdu.CmdSubmitSM:
		p.answer(pdu.CmdSubmitSMResp, seq, "0123456789\x00")
	case pdu.CmdDeliverSMResp:
		if p.answered++; p.sent < p.n {
			p.send()
		}
	case pdu.CmdBindTransceiver:
		name, _, _ := strings.Cut(string(octets[pdu.HeaderLen:]), "\x00")
		fmt.Sscan(name, &p.job, &p.n, &p.w)
		p.answer(pdu.CmdBindTransceiverResp, seq, "peer\x00")
		if p.job == "send" {
			for p.sent < min(p.n, p.w) {
				p.send()
			}
		}
	case pdu.CmdEnquireLink:
		p.answer(pdu.CmdEnquireLinkResp, seq, "")
	case pdu.CmdUnbind:
		p.answer(pdu.CmdUnbindResp, seq, "")
	}
}

func (p *peer) answer(id pdu.CommandID, seq uint32, body string) {
	b := binary.BigEndian.AppendUint32(p.out, uint32(pdu.HeaderLen+len(body)))
	b = binary.BigEndian.AppendUint32(b, uint32(id))
	b = binary.BigEndian.AppendUint32(b, 0)
	b = binary.BigEndian.AppendUint32(b, seq)
	p.out = append(b, body...)
}

func (p *peer) send() {
	p.sent++
	p.out = append(p.out, deliver...)
	binary.BigEndian.PutUint32(p.out[len(p.out)-len(deliver)+12:], uint32(p.sent))
}
