package esme_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
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
func awaitOutbind(t *testing.T, cfg esme.Config) (at string, w *witness, log *logged) {
	t.Helper()
	w, log = newWitness(t), new(logged)
	where := make(chan string, 1)
	c := &esme.Client{Config: cfg, Listen: "127.0.0.1:0", OutbindSystemID: "smsc", Log: slog.New(address{slog.NewTextHandler(log, nil), where}),
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
