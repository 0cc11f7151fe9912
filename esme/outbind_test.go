package esme_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/esmehost/esmehost/esme"
	"github.com/esmehost/esmehost/pdu"
)

// logged is a log to look at.
type logged struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// address is a log handler that hands over where the client listens.
type address struct {
	slog.Handler
	at chan string
}

func (h address) Handle(ctx context.Context, r slog.Record) error {
	if r.Message == "waiting for an outbind" {
		r.Attrs(func(a slog.Attr) bool { h.at <- a.Value.String(); return false })
	}
	return h.Handler.Handle(ctx, r)
}

// awaitOutbind runs a client that listens, and returns where, and its log.
func awaitOutbind(t *testing.T, cfg esme.Config, from ...netip.Prefix) (at string, w *witness, log *logged) {
	t.Helper()
	w, log = newWitness(t), new(logged)
	where := make(chan string, 1)
	c := &esme.Client{Config: cfg, Listen: "127.0.0.1:0", OutbindSystemID: "smsc", OutbindFrom: from, Backoff: esme.Backoff{Min: time.Millisecond, Max: time.Millisecond}, Log: slog.New(address{slog.NewTextHandler(log, nil), where}),
		NewSession: func(string) *esme.Session { return esme.NewSession(cfg, w, nil) }}
	ctx, cancel := context.WithCancel(context.Background())
	over := make(chan struct{})
	go func() { c.Run(ctx); close(over) }()
	t.Cleanup(func() { cancel(); <-over })
	return <-where, w, log
}

func connect(t *testing.T, at string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	conn.SetDeadline(time.Now().Add(patience))
	t.Cleanup(func() { conn.Close() })
	return conn
}

// bindsBy plays the SMSC that connects: the outbind, and the bind that it leads to.
func bindsBy(t *testing.T, conn net.Conn, w *witness) {
	t.Helper()
	p := &peer{t: t, conn: conn}
	p.send("outbind", 1, pdu.ESME_ROK, "system_id", "smsc")
	p.accept()
	w.expect("init", "bound transceiver")
	w.session.Stop(custom)
	p.answer(p.expect("unbind"), pdu.ESME_ROK)
	p.expectEnd()
	p.close()
	w.expect("stop custom []")
}

// Who comes to the port of a bind that awaits an encrypted outbind, and is not the SMSC, changes nothing.
func TestOutbindOverTLSOutlivesStrangers(t *testing.T) {
	a := newAuthority(t)
	cert, key := a.leaf("esme.test", x509.ExtKeyUsageServerAuth)
	mine, private := a.leaf("smsc.test", x509.ExtKeyUsageClientAuth)
	pair, err := tls.LoadX509KeyPair(mine, private)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(a.cert)
	secure := &tls.Config{RootCAs: roots, ServerName: "esme.test"}
	var log *logged
	t.Cleanup(func() { // runs when the client has ended
		if n := strings.Count(log.String(), "connection refused"); n != 4 {
			t.Errorf("%d connections refused, want 4:\n%s", n, log)
		}
	})
	at, w, log := awaitOutbind(t, esme.Config{TLS: &esme.TLS{CA: a.file, Cert: cert, Key: key}})

	garbage := connect(t, at)
	garbage.Write([]byte("GET / HTTP/1.0\r\n\r\n"))
	io.Copy(io.Discard, garbage)

	plain := &peer{t: t, conn: connect(t, at)}
	plain.send("outbind", 1, pdu.ESME_ROK, "system_id", "smsc")
	io.Copy(io.Discard, plain.conn)

	nobody := tls.Client(connect(t, at), secure) // it has no certificate, and a CA is set
	nobody.Handshake()
	if n, err := nobody.Read(make([]byte, 1)); err == nil {
		t.Fatalf("without a certificate: %d octets", n)
	}

	connect(t, at) // says nothing, to the end of the test

	secure.Certificates = []tls.Certificate{pair}
	bindsBy(t, tls.Client(connect(t, at), secure), w)
}

// However many connections say nothing, the SMSC gets through.
func TestOutbindIsNotShutOutBySilence(t *testing.T) {
	at, w, _ := awaitOutbind(t, esme.Config{SessionInitLimit: time.Hour})
	var silent []net.Conn
	for range 100 {
		silent = append(silent, connect(t, at))
	}
	bindsBy(t, connect(t, at), w)
	if _, err := silent[0].Read(make([]byte, 1)); err == nil || strings.Contains(err.Error(), "timeout") {
		t.Errorf("the oldest silent connection is still there: %v", err)
	}
}

// connectFrom connects from another address of the loopback network.
func connectFrom(t *testing.T, source, at string) net.Conn {
	t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(source)}}
	conn, err := d.Dial("tcp", at)
	if errors.Is(err, syscall.EADDRNOTAVAIL) {
		t.Skipf("this system has no %s: %v", source, err)
	}
	if err != nil {
		t.Fatal(err)
	}
	conn.SetDeadline(time.Now().Add(patience))
	t.Cleanup(func() { conn.Close() })
	return conn
}

func turnedAway(t *testing.T, conn net.Conn) {
	t.Helper()
	if _, err := conn.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("it is still there: %v", err)
	}
}

// Who floods the port shuts out himself: an SMSC that was there before it has its place when it speaks at last, from
// however many connections the flood is, and as long as it comes from fewer addresses than there are places. An SMSC that
// bound once has its place before any number of addresses. The log tells of the flood in few lines.
func TestOutbindIsNotShutOutByAFlood(t *testing.T) {
	const places = 32 // maxStrangers
	var log *logged
	t.Cleanup(func() { // runs when the client has ended
		lines := strings.Count(log.String(), "connection refused")
		if lines > 40 || !strings.Contains(log.String(), "more were refused") && !strings.Contains(log.String(), "connections refused") {
			t.Errorf("%d lines for the flood:\n%s", lines, log)
		}
	})
	at, w, log := awaitOutbind(t, esme.Config{SessionInitLimit: time.Hour})
	smsc := connectFrom(t, "127.0.0.2", at)
	var flood []net.Conn
	for i := range 200 {
		flood = append(flood, connectFrom(t, "127.0.0.3", at))
		if i%10 == 0 { // another one, that is no flood
			connectFrom(t, fmt.Sprint("127.0.1.", 1+i/10), at)
		}
	}
	for _, conn := range flood[:200-(places-1-20)] {
		turnedAway(t, conn)
	}
	bindsBy(t, smsc, w)

	smsc = connectFrom(t, "127.0.0.2", at)
	var others []net.Conn
	for i := range 2 * places {
		others = append(others, connectFrom(t, fmt.Sprint("127.0.2.", 1+i), at))
	}
	for _, conn := range others[:places+1] {
		turnedAway(t, conn)
	}
	bindsBy(t, smsc, w)
}

// Where it is known where the SMSC comes from, no number of other addresses takes its place, not even before it was here.
func TestOutbindFromWhereItIsAwaited(t *testing.T) {
	at, w, _ := awaitOutbind(t, esme.Config{SessionInitLimit: time.Hour}, netip.MustParsePrefix("127.0.0.2/32"), netip.MustParsePrefix("127.9.0.0/16"), netip.MustParsePrefix("::ffff:127.8.0.0/112"))
	for i, source := range []string{"127.0.0.2", "127.9.3.4", "127.8.3.4"} {
		smsc := connectFrom(t, source, at)
		for n := range 70 {
			turnedAway(t, connectFrom(t, fmt.Sprintf("127.0.%d.%d", 1+i, 1+n), at))
		}
		bindsBy(t, smsc, w)
	}
}
