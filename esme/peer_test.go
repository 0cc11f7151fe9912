package esme_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/esmehost/esmehost/esme"
	"github.com/esmehost/esmehost/pdu"
)

// peer is an SMSC that does just what the test says.
type peer struct {
	t    *testing.T
	conn net.Conn
	buf  []byte
}

// read returns the next PDU.
func (p *peer) read() (*pdu.PDU, error) {
	chunk := make([]byte, 4096)
	for {
		n, err := pdu.FrameLength(p.buf, 1<<20)
		if err != nil {
			return nil, err
		}
		if n > 0 && len(p.buf) >= n {
			got := new(pdu.PDU)
			if err := got.Decode(p.buf[:n]); err != nil {
				return nil, err
			}
			got = got.Clone()
			p.buf = p.buf[n:]
			return got, nil
		}
		n, err = p.conn.Read(chunk)
		if n == 0 && err != nil {
			return nil, err
		}
		p.buf = append(p.buf, chunk[:n]...)
	}
}

// expect reads the next PDU, which must be this command.
func (p *peer) expect(command string) *pdu.PDU {
	p.t.Helper()
	got, err := p.read()
	if err != nil {
		p.t.Fatalf("waiting for %s: %v", command, err)
	}
	if got.CommandID().String() != command {
		p.t.Fatalf("the session sent %v, want %s", got, command)
	}
	return got
}

// expectEnd reads to the end of the stream, in which nothing more may come.
func (p *peer) expectEnd() {
	p.t.Helper()
	if got, err := p.read(); err == nil {
		p.t.Fatalf("the session sent %v, want the end", got)
	}
}

// make builds a PDU with the given fields, as name, value pairs.
func (p *peer) make(command string, seq uint32, status pdu.Status, fields ...string) []byte {
	return newPDU(p.t, command, seq, status, fields...).AppendTo(nil)
}

func newPDU(t *testing.T, command string, seq uint32, status pdu.Status, fields ...string) *pdu.PDU {
	t.Helper()
	cmd, ok := pdu.CommandByName(command)
	if !ok {
		t.Fatalf("no command %s", command)
	}
	b := pdu.NewBuilder(cmd)
	b.SetSequence(seq)
	b.SetStatus(status)
	for i := 0; i < len(fields); i += 2 {
		f, ok := pdu.FieldByName(fields[i])
		if !ok {
			t.Fatalf("no field %s", fields[i])
		}
		b.SetString(f, fields[i+1])
	}
	return b.Build()
}

func (p *peer) send(command string, seq uint32, status pdu.Status, fields ...string) {
	p.t.Helper()
	p.raw(p.make(command, seq, status, fields...))
}

func (p *peer) answer(req *pdu.PDU, status pdu.Status, fields ...string) {
	p.t.Helper()
	id, _ := req.CommandID().Response()
	p.send(id.String(), req.SequenceNumber(), status, fields...)
}

// raw sends octets in one write; merge puts PDUs together for it.
func (p *peer) raw(octets []byte) {
	p.t.Helper()
	if _, err := p.conn.Write(octets); err != nil {
		p.t.Fatal(err)
	}
}

// accept answers the bind.
func (p *peer) accept() {
	p.t.Helper()
	p.answer(p.expect("bind_transceiver"), pdu.ESME_ROK, "system_id", "peer")
}

// reset ends the connection by RST, close by FIN, halfClose only the own direction.
func (p *peer) reset() {
	conn := p.conn
	if c, ok := conn.(*tls.Conn); ok {
		conn = c.NetConn()
	}
	conn.(*net.TCPConn).SetLinger(0)
	conn.Close()
}
func (p *peer) close() { p.conn.Close() }
func (p *peer) halfClose() {
	p.t.Helper()
	if err := p.conn.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
		p.t.Fatal(err)
	}
}

// piecewise is a transport that gives at most n octets to a read: a stream in pieces, whatever the network does.
type piecewise struct {
	net.Conn
	n int
}

func (c piecewise) Read(b []byte) (int, error) { return c.Conn.Read(b[:min(c.n, len(b))]) }
func (c piecewise) CloseWrite() error          { return c.Conn.(interface{ CloseWrite() error }).CloseWrite() }

// witness is a handler that says what it is told, a line each, and does in a callback what the test wants.
type witness struct {
	t       *testing.T
	lines   chan string
	session *esme.Session
	exit    chan esme.Exit

	init func(s *esme.Session) error
	pdu  func(in *esme.Inbound) error
	stop func()
	call func(request any, from *esme.From)
	any  func(w *witness, callback string) // in each of them

	unparsed error // what HandleUnparsedPDU returns
}

func newWitness(t *testing.T) *witness {
	return &witness{t: t, lines: make(chan string, 100_000), exit: make(chan esme.Exit, 1)}
}

func (w *witness) say(callback, format string, args ...any) {
	w.lines <- strings.TrimSpace(callback + " " + fmt.Sprintf(format, args...))
	if w.any != nil {
		w.any(w, callback)
	}
}

func (w *witness) Init(s *esme.Session) error {
	w.session = s
	w.say("init", "")
	if w.init != nil {
		return w.init(s)
	}
	return nil
}

func (w *witness) HandlePDU(in *esme.Inbound) error {
	text, _ := in.PDU.Text()
	w.say("pdu", "%s %d %s", in.PDU.CommandID(), in.PDU.SequenceNumber(), text)
	if w.pdu != nil {
		return w.pdu(in)
	}
	return nil
}

func (w *witness) HandleResp(resp, original *pdu.PDU) {
	w.say("resp", "%d %s %s", original.SequenceNumber(), resp.CommandStatus(), resp.Str(pdu.FieldMessageID))
}

func (w *witness) HandleRespTimeout(original *pdu.PDU) {
	w.say("timeout", "%d", original.SequenceNumber())
}

func (w *witness) HandleSendPDUResult(p *pdu.PDU, err error) {
	if e, ok := err.(*esme.Error); ok {
		w.say("refused", "%s %s", e.Code, e.Written)
		return
	}
	w.say("written", "%d", p.SequenceNumber())
}

func (w *witness) HandleUnparsedPDU(raw []byte, err error) error {
	w.say("unparsed", "%d octets", len(raw))
	return w.unparsed
}

func (w *witness) HandleStop(reason esme.Reason, lost []*pdu.PDU) string {
	var numbers []uint32
	for _, p := range lost {
		numbers = append(numbers, p.SequenceNumber())
	}
	w.say("stop", "%s %v", reason, numbers)
	if w.stop != nil {
		w.stop()
	}
	return "normal"
}

func (w *witness) HandleRefused(esme.Reason, []*pdu.PDU) {}

func (w *witness) HandleCall(request any, from *esme.From) {
	w.say("call", "%v", request)
	if w.call != nil {
		w.call(request, from)
		return
	}
	from.Reply(request)
}

func (w *witness) HandleCast(request any) { w.say("cast", "%v", request) }

func (w *witness) HandleInfo(message any) {
	if b, ok := message.(esme.Bound); ok {
		w.say("bound", "%s", b.Mode)
		return
	}
	w.say("info", "%v", message)
}

// patience bounds what a test waits for; none waits for it to pass.
const patience = 30 * time.Second

// expect reads the next lines, which must be these.
func (w *witness) expect(want ...string) {
	w.t.Helper()
	for _, line := range want {
		select {
		case got := <-w.lines:
			if got != line {
				w.t.Fatalf("the handler was told %q, want %q", got, line)
			}
		case <-time.After(patience):
			w.t.Fatalf("the handler was told nothing, want %q", line)
		}
	}
}

// expectPrefix reads the next line, which must begin so.
func (w *witness) expectPrefix(want string) string {
	w.t.Helper()
	select {
	case got := <-w.lines:
		if !strings.HasPrefix(got, want) {
			w.t.Fatalf("the handler was told %q, want %q", got, want)
		}
		return got
	case <-time.After(patience):
		w.t.Fatalf("the handler was told nothing, want %q", want)
		return ""
	}
}

// ended waits for the end of the session, after which the handler may have been told nothing but rest.
func (w *witness) ended(rest ...string) esme.Exit {
	w.t.Helper()
	var exit esme.Exit
	select {
	case exit = <-w.exit:
	case <-time.After(patience):
		w.t.Fatal("the session does not end")
	}
	w.expect(rest...)
	select {
	case got := <-w.lines:
		w.t.Fatalf("after the end the handler was told %q", got)
	default:
	}
	return exit
}

// run runs w over conn until it ends, and cleans up after the test.
func (w *witness) run(cfg esme.Config, conn net.Conn) {
	s := esme.NewSession(cfg, w, nil)
	ctx, cancel := context.WithCancel(context.Background())
	over := make(chan struct{})
	go func() {
		w.exit <- s.Run(ctx, conn)
		close(over)
	}()
	w.t.Cleanup(func() {
		s.Abort(esme.Reason{Kind: esme.KindShutdown})
		conn.Close()
		<-over
		cancel()
	})
}

// listen gives a listener of the test.
func listen(t *testing.T, address string) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// meet connects both ends over loopback TCP, with TLS in the tests that runOver runs so.
func meet(t *testing.T, cfg esme.Config) (mine net.Conn, p *peer) {
	t.Helper()
	if strings.Contains(t.Name(), "/"+overTLS+"/") {
		a := newAuthority(t)
		return a.meet(cfg, a.tlsPeer("smsc.test", nil), esme.TLS{CA: a.file, ServerName: "smsc.test"})
	}
	l := listen(t, "127.0.0.1:0")
	mine, err := esme.Dial(t.Context(), l.Addr().String(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return mine, acceptFrom(t, l)
}

func acceptFrom(t *testing.T, l net.Listener) *peer {
	t.Helper()
	in, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	in.SetDeadline(time.Now().Add(patience))
	t.Cleanup(func() { in.Close() })
	return &peer{t: t, conn: in}
}

// begin starts a session over loopback TCP; change may put something into the handler first.
func begin(t *testing.T, cfg esme.Config, change ...func(w *witness)) (*witness, *peer) {
	t.Helper()
	conn, p := meet(t, cfg)
	w := newWitness(t)
	for _, c := range change {
		c(w)
	}
	w.run(cfg, conn)
	return w, p
}

// beginBound is begin with a bind that was accepted.
func beginBound(t *testing.T, cfg esme.Config, change ...func(w *witness)) (*witness, *peer) {
	t.Helper()
	w, p := begin(t, cfg, change...)
	p.accept()
	w.expect("init", "bound transceiver")
	return w, p
}
