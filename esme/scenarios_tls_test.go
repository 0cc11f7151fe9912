package esme_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/esmehost/esmehost/esme"
	"github.com/esmehost/esmehost/pdu"
)

// authority issues the certificates of a test.
type authority struct {
	t    *testing.T
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	file string // its certificate, PEM
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t, dir: t.TempDir()}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign}
	a.file, _ = a.issue("ca", template)
	return a
}

// issue makes a certificate and its key as PEM files; the first is the authority's own.
func (a *authority) issue(name string, template *x509.Certificate) (certFile, keyFile string) {
	a.t.Helper()
	check := func(err error) {
		if err != nil {
			a.t.Fatal(err)
		}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(err)
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	check(err)
	if a.cert == nil {
		a.cert, err = x509.ParseCertificate(der)
		check(err)
		a.key = key
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	check(err)
	certFile, keyFile = filepath.Join(a.dir, name+".pem"), filepath.Join(a.dir, name+".key")
	check(os.WriteFile(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	check(os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600))
	return certFile, keyFile
}

func (a *authority) leaf(name string, usage x509.ExtKeyUsage) (certFile, keyFile string) {
	return a.issue(name, &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), ExtKeyUsage: []x509.ExtKeyUsage{usage}})
}

// tlsPeer listens as an SMSC with a certificate for the name.
func (a *authority) tlsPeer(name string, change func(c *tls.Config)) net.Listener {
	a.t.Helper()
	pair, err := tls.LoadX509KeyPair(a.leaf(name, x509.ExtKeyUsageServerAuth))
	if err != nil {
		a.t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(a.cert)
	c := &tls.Config{Certificates: []tls.Certificate{pair}, ClientCAs: roots}
	if change != nil {
		change(c)
	}
	return tls.NewListener(listen(a.t, "127.0.0.1:0"), c)
}

// meet connects both ends, the session's as set says.
func (a *authority) meet(cfg esme.Config, l net.Listener, set esme.TLS) (mine net.Conn, p *peer) {
	a.t.Helper()
	p, done := handshake(a.t, l)
	cfg.TLS = &set
	mine, err := esme.Dial(a.t.Context(), "smpps://"+l.Addr().String(), cfg)
	if err != nil {
		a.t.Fatal(err)
	}
	if err := <-done; err != nil {
		a.t.Fatal(err)
	}
	return mine, p
}

// handshake accepts one connection and shakes hands; its error is what the peer saw.
func handshake(t *testing.T, l net.Listener) (*peer, <-chan error) {
	done := make(chan error, 1)
	p := &peer{t: t}
	go func() {
		conn, err := l.Accept()
		if err == nil {
			conn.SetDeadline(time.Now().Add(patience))
			p.conn = conn
			err = conn.(*tls.Conn).Handshake()
		}
		done <- err
	}()
	t.Cleanup(func() {
		if p.conn != nil {
			p.conn.Close()
		}
	})
	return p, done
}

// The scenarios of TLS, over loopback TCP, with certificates made for the test.
func TestTLSScenarios(t *testing.T) {
	a := newAuthority(t)
	refused := func(t *testing.T, l net.Listener, set esme.TLS, want string) {
		t.Helper()
		_, done := handshake(t, l)
		conn, err := esme.Dial(t.Context(), "smpps://"+l.Addr().String(), esme.Config{TLS: &set})
		if err == nil {
			conn.Close()
			t.Fatal("connected")
		}
		if !isCode(err, esme.CodeTLS) || !strings.Contains(err.Error(), want) {
			t.Fatalf("got %v, want tls: ... %s", err, want)
		}
		if err := <-done; err == nil {
			t.Error("the peer takes the handshake for good")
		}
	}
	accepted := func(t *testing.T, l net.Listener, set esme.TLS) (*witness, *peer) {
		t.Helper()
		cfg := esme.Config{}
		conn, p := a.meet(cfg, l, set)
		p.t = t
		w := newWitness(t)
		w.run(cfg, conn)
		return w, p
	}
	runAll(t, []scenario{
		{"G01 the peer closes right after the handshake: a stop like any other", func(t *testing.T) {
			w, p := accepted(t, a.tlsPeer("smsc.test", nil), esme.TLS{CA: a.file, ServerName: "smsc.test"})
			p.close()
			w.expect("init")
			if got := w.expectPrefix("stop socket_"); strings.Contains(got, "[1") {
				t.Fatalf("told %q", got)
			}
			w.ended()
		}},
		{"G03 TLS with the authority's certificate: the whole life of a session", func(t *testing.T) {
			w, p := accepted(t, a.tlsPeer("smsc.test", nil), esme.TLS{CA: a.file, ServerName: "smsc.test"})
			p.accept()
			w.expect("init", "bound transceiver")
			if !w.session.TLS() {
				t.Error("the session says that it is not encrypted")
			}
			w.session.Send(submit("1"))
			p.answer(p.expect("submit_sm"), pdu.ESME_ROK, "message_id", "x")
			w.expect("written 2", "resp 2 ESME_ROK x")
			for _, octet := range p.make("deliver_sm", 7, pdu.ESME_ROK, "short_message", "hi") {
				p.raw([]byte{octet}) // a record each
			}
			p.expect("deliver_sm_resp")
			w.expect("pdu deliver_sm 7 hi")
			w.session.Stop(custom)
			p.answer(p.expect("unbind"), pdu.ESME_ROK)
			p.expectEnd()
			p.close()
			w.ended("stop custom []")
		}},
		{"G03 an unknown authority is refused", func(t *testing.T) {
			refused(t, a.tlsPeer("smsc.test", nil), esme.TLS{ServerName: "smsc.test"}, "unknown authority")
		}},
		{"G03 what is no TLS is refused", func(t *testing.T) {
			l := listen(t, "127.0.0.1:0")
			go func() {
				if conn, err := l.Accept(); err == nil {
					conn.Write([]byte("\x00\x00\x00\x10\x80\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x00"))
					conn.Close()
				}
			}()
			if _, err := esme.Dial(t.Context(), "smpps://"+l.Addr().String(), esme.Config{}); !isCode(err, esme.CodeTLS) {
				t.Fatalf("got %v", err)
			}
		}},
		{"G04 a wrong host name is refused", func(t *testing.T) {
			refused(t, a.tlsPeer("other.test", nil), esme.TLS{CA: a.file, ServerName: "smsc.test"}, "not smsc.test")
		}},
		{"G05 a client certificate is shown", func(t *testing.T) {
			l := a.tlsPeer("smsc.test", func(c *tls.Config) { c.ClientAuth = tls.RequireAndVerifyClientCert })
			cert, key := a.leaf("esme.test", x509.ExtKeyUsageClientAuth)
			w, p := accepted(t, l, esme.TLS{CA: a.file, ServerName: "smsc.test", Cert: cert, Key: key})
			if got := p.conn.(*tls.Conn).ConnectionState().PeerCertificates[0].Subject.CommonName; got != "esme.test" {
				t.Fatalf("the peer saw %q", got)
			}
			p.accept()
			w.expect("init", "bound transceiver")
		}},
		{"G05 a peer that wants a certificate and gets none ends it, and that is told", func(t *testing.T) {
			l := a.tlsPeer("smsc.test", func(c *tls.Config) { c.ClientAuth = tls.RequireAndVerifyClientCert })
			_, done := handshake(t, l)
			cfg := esme.Config{TLS: &esme.TLS{CA: a.file, ServerName: "smsc.test"}}
			conn, err := esme.Dial(t.Context(), l.Addr().String(), cfg)
			if err != nil { // TLS 1.3 learns of it with the first read only
				t.Fatal(err)
			}
			if err := <-done; err == nil {
				t.Fatal("the peer takes the handshake for good")
			}
			w := newWitness(t)
			w.run(cfg, conn)
			w.expect("init")
			w.expectPrefix("stop socket_error: ")
			if exit := w.ended(); exit.Bound || !strings.Contains(exit.Reason.Detail, "certificate") {
				t.Fatalf("exit %+v", exit)
			}
		}},
		{"G06 a peer of TLS 1.0 is refused", func(t *testing.T) {
			l := a.tlsPeer("smsc.test", func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS10 })
			refused(t, l, esme.TLS{CA: a.file, ServerName: "smsc.test", MinVersion: tls.VersionTLS10}, "protocol version")
		}},
		{"G06 a peer of TLS 1.2 is refused where 1.3 is asked for", func(t *testing.T) {
			l := a.tlsPeer("smsc.test", func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 })
			refused(t, l, esme.TLS{CA: a.file, ServerName: "smsc.test", MinVersion: tls.VersionTLS13}, "protocol version")
		}},
	})
}
