package smsc

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/esmehost/esmehost/pdu"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// client is an ESME that does what the test says, octet by octet.
type client struct {
	t    *testing.T
	conn net.Conn
	buf  []byte
	seq  uint32
}

// serve starts a simulator and returns it with its address.
func serve(t *testing.T, cfg Config) (*Server, string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := New(cfg)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return s, l.Addr().String()
}

func dial(t *testing.T, addr string) *client {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	return &client{t: t, conn: conn}
}

func (c *client) send(command string, fields ...string) uint32 {
	c.t.Helper()
	cmd, ok := pdu.CommandByName(command)
	if !ok {
		c.t.Fatalf("no command %s", command)
	}
	b := pdu.NewBuilder(cmd)
	c.seq++
	b.SetSequence(c.seq)
	for i := 0; i < len(fields); i += 2 {
		f, _ := pdu.FieldByName(fields[i])
		if fields[i] == "registered_delivery" || fields[i] == "interface_version" {
			b.SetInt(f, int64(fields[i+1][0]))
		} else {
			b.SetString(f, fields[i+1])
		}
	}
	if _, err := c.conn.Write(b.Build().AppendTo(nil)); err != nil {
		c.t.Fatal(err)
	}
	return c.seq
}

func (c *client) receive() *pdu.PDU {
	c.t.Helper()
	for {
		n, err := pdu.FrameLength(c.buf, 1<<20)
		if err != nil {
			c.t.Fatal(err)
		}
		if n > 0 && len(c.buf) >= n {
			p := new(pdu.PDU)
			if err := p.Decode(c.buf[:n]); err != nil {
				c.t.Fatal(err)
			}
			p = p.Clone()
			c.buf = c.buf[n:]
			return p
		}
		chunk := make([]byte, 4096)
		k, err := c.conn.Read(chunk)
		if err != nil {
			c.t.Fatal(err)
		}
		c.buf = append(c.buf, chunk[:k]...)
	}
}

func (c *client) expect(command string, status pdu.Status) *pdu.PDU {
	c.t.Helper()
	p := c.receive()
	if p.CommandID().String() != command || p.CommandStatus() != status {
		c.t.Fatalf("got %s, want %s %s", p, command, status)
	}
	return p
}

func (c *client) answer(p *pdu.PDU, status pdu.Status) {
	c.t.Helper()
	id, _ := p.CommandID().Response()
	b := newBuilder(id)
	b.SetSequence(p.SequenceNumber())
	b.SetStatus(status)
	if _, err := c.conn.Write(b.Build().AppendTo(nil)); err != nil {
		c.t.Fatal(err)
	}
}

func TestBinds(t *testing.T) {
	s, addr := serve(t, Config{Accounts: []Account{{"a", "secret"}}})
	c := dial(t, addr)
	c.send("submit_sm")
	c.expect("submit_sm_resp", pdu.ESME_RINVBNDSTS)
	c.send("bind_transceiver", "system_id", "b")
	c.expect("bind_transceiver_resp", pdu.ESME_RINVSYSID)
	c.send("bind_transceiver", "system_id", "a", "password", "x")
	c.expect("bind_transceiver_resp", pdu.ESME_RINVPASWD)
	c.send("bind_transceiver", "system_id", "a", "password", "secret", "interface_version", "4")
	if v, ok := c.expect("bind_transceiver_resp", pdu.ESME_ROK).TLV(pdu.TagSCInterfaceVersion); !ok || v[0] != 0x34 {
		t.Fatalf("sc_interface_version %v", v)
	}
	c.send("bind_transceiver", "system_id", "a", "password", "secret")
	c.expect("bind_transceiver_resp", pdu.ESME_RALYBND)
	if got := s.Sessions(); len(got) != 1 || got[0].SystemID != "a" || got[0].Mode != "transceiver" {
		t.Fatalf("sessions %+v", got)
	}
	c.send("enquire_link")
	c.expect("enquire_link_resp", pdu.ESME_ROK)
	c.send("query_sm")
	c.expect("query_sm_resp", pdu.ESME_RINVMSGID)
	c.send("unbind")
	c.expect("unbind_resp", pdu.ESME_ROK)
	if _, err := c.conn.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Fatalf("after unbind: %v", err)
	}
}

func TestReceiptsWaitForAReceiver(t *testing.T) {
	_, addr := serve(t, Config{Latency: time.Millisecond})
	tx := dial(t, addr)
	tx.send("bind_transmitter", "system_id", "a")
	tx.expect("bind_transmitter_resp", pdu.ESME_ROK)
	tx.send("submit_sm", "source_addr", "100", "destination_addr", "200", "short_message", "hi", "registered_delivery", "\x01")
	id := tx.expect("submit_sm_resp", pdu.ESME_ROK).Str(pdu.FieldMessageID)
	if id == "" {
		t.Fatal("no message_id")
	}
	rx := dial(t, addr)
	rx.send("bind_receiver", "system_id", "a")
	rx.expect("bind_receiver_resp", pdu.ESME_ROK)
	p := rx.expect("deliver_sm", pdu.ESME_ROK)
	r, ok := p.Receipt()
	if !ok || r.ID != id || r.Stat != "DELIVRD" || r.Text != "hi" || p.Str(pdu.FieldSourceAddr) != "200" {
		t.Fatalf("receipt %+v of %s", r, p)
	}
	// The session ends before the answer: the next one gets it.
	rx.conn.Close()
	rx = dial(t, addr)
	rx.send("bind_receiver", "system_id", "a")
	rx.expect("bind_receiver_resp", pdu.ESME_ROK)
	rx.answer(rx.expect("deliver_sm", pdu.ESME_ROK), pdu.ESME_ROK)
	rx.send("submit_sm")
	rx.expect("submit_sm_resp", pdu.ESME_RINVBNDSTS)
}

func TestDeliverAndMO(t *testing.T) {
	s, addr := serve(t, Config{MORate: 200, MOTexts: []string{"one", "two"}})
	status := make(chan pdu.Status, 1)
	if err := s.Deliver("a", MO{From: "1", To: "2", Text: "first"}.PDU(), func(s pdu.Status) { status <- s }); err != nil {
		t.Fatal(err)
	}
	c := dial(t, addr)
	c.send("bind_transceiver", "system_id", "a")
	c.expect("bind_transceiver_resp", pdu.ESME_ROK)
	for _, want := range []string{"first", "one", "two", "one"} {
		p := c.expect("deliver_sm", pdu.ESME_ROK)
		if text, _ := p.Text(); text != want {
			t.Fatalf("text %q, want %q", text, want)
		}
		c.answer(p, pdu.ESME_ROK)
	}
	if got := <-status; got != pdu.ESME_ROK {
		t.Fatalf("status %s", got)
	}
}

func TestFates(t *testing.T) {
	for name, tt := range map[string]struct {
		cfg  Config
		want pdu.Status
	}{
		"error":    {Config{ErrorRate: 1}, pdu.ESME_RSUBMITFAIL},
		"throttle": {Config{ThrottleRate: 1}, pdu.ESME_RTHROTTLED},
	} {
		t.Run(name, func(t *testing.T) {
			_, addr := serve(t, tt.cfg)
			c := dial(t, addr)
			c.send("bind_transmitter", "system_id", "a")
			c.expect("bind_transmitter_resp", pdu.ESME_ROK)
			c.send("submit_sm")
			c.expect("submit_sm_resp", tt.want)
		})
	}
}

func TestNonsense(t *testing.T) {
	_, addr := serve(t, Config{})
	c := dial(t, addr)
	c.conn.Write([]byte{0, 0, 0, 16, 0, 0, 0, 0x0C, 0, 0, 0, 0, 0, 0, 0, 9})
	if p := c.expect("generic_nack", pdu.ESME_RINVCMDID); p.SequenceNumber() != 9 {
		t.Fatalf("got %s", p)
	}
	c.conn.Write([]byte("GET / HTTP/1.1\r\n\r\n"))
	c.expect("generic_nack", pdu.ESME_RINVCMDLEN)
	if _, err := c.conn.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Fatalf("after nonsense: %v", err)
	}
}

func TestDropAndShutdown(t *testing.T) {
	s, addr := serve(t, Config{})
	c := dial(t, addr)
	c.send("bind_transceiver", "system_id", "a")
	c.expect("bind_transceiver_resp", pdu.ESME_ROK)
	s.Drop("a", true)
	if _, err := c.conn.Read(make([]byte, 1)); err == nil || errors.Is(err, io.EOF) {
		t.Fatalf("after a reset: %v", err)
	}
}
