package esme

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
)

// Dialer makes connections, and keeps what they can share. The zero value is ready; many clients
// may use one.
type Dialer struct {
	Certificates Certificates
	// TLS is what encrypted connections start from, for what [TLS] has no field for; nil: nothing.
	TLS *tls.Config
	// DialContext makes the transport, for proxies and for transports in the process; nil: TCP by the system.
	// It gets the host:port that was asked for, and SourceAddress and KeepAlive are its business then.
	DialContext func(ctx context.Context, network, address string) (net.Conn, error)
	// KeyLog gets the secrets of encrypted connections (NSS key log format), so that a trace of them can be
	// read. nil: they are told nobody.
	KeyLog io.Writer
	// ConnectRate is how many connections a second the clients of this dialer begin, beyond the first 50 at once;
	// 0 = 500. [Unlimited]: all at once. It must not change after the first.
	ConnectRate float64

	pace pace
}

// Dial connects to an SMSC at smpp://host:port, or smpps://host:port for TLS, within cfg.Timeout, the
// handshake of TLS included. A bare host:port is encrypted if cfg.TLS is set. The error is an [*Error] with
// the code connect or tls.
func Dial(ctx context.Context, address string, cfg Config) (net.Conn, error) {
	return new(Dialer).Dial(ctx, address, cfg)
}

// Dial is the function of that name, with what the dialer holds.
func (d *Dialer) Dial(ctx context.Context, address string, cfg Config) (net.Conn, error) {
	cfg = cfg.withDefaults()
	if cfg.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, cfg.Timeout)
		defer cancel()
	}
	address, secure := splitAddress(address, cfg.TLS != nil)
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, connectError(err)
	}
	connect := d.DialContext
	if connect == nil {
		nd := net.Dialer{KeepAlive: cfg.KeepAlive}
		if cfg.SourceAddress != "" {
			source, err := sourceAddress(cfg.SourceAddress)
			if err != nil {
				return nil, connectError(err)
			}
			nd.LocalAddr = source
			if source.Port != 0 {
				nd.Control = reusePort
			}
		}
		connect = nd.DialContext
	}
	conn, err := connect(ctx, "tcp", address)
	if err != nil {
		return nil, connectError(err)
	}
	if !secure {
		return conn, nil
	}
	var t TLS
	if cfg.TLS != nil {
		t = *cfg.TLS
	}
	tc, err := d.Certificates.Client(t, host, d.TLS)
	if err == nil {
		return d.handshake(ctx, conn, tls.Client, tc, t.KeyLog)
	}
	conn.Close()
	return nil, err
}

// splitAddress takes the scheme off.
func splitAddress(address string, secure bool) (string, bool) {
	if rest, ok := strings.CutPrefix(address, "smpps://"); ok {
		return rest, true
	}
	if rest, ok := strings.CutPrefix(address, "smpp://"); ok {
		return rest, false
	}
	return address, secure
}

func sourceAddress(s string) (*net.TCPAddr, error) {
	if _, _, err := net.SplitHostPort(s); err != nil {
		s = net.JoinHostPort(s, "0")
	}
	a, err := net.ResolveTCPAddr("tcp", s)
	if err != nil {
		return nil, fmt.Errorf("source_address: %w", err)
	}
	return a, nil
}

// handshake encrypts conn as one of the two sides. The secrets are made in it, so no longer is keyLog open.
func (d *Dialer) handshake(ctx context.Context, conn net.Conn, side func(net.Conn, *tls.Config) *tls.Conn, c *tls.Config, keyLog string) (net.Conn, error) {
	if d.KeyLog != nil {
		c.KeyLogWriter = d.KeyLog
	}
	if keyLog != "" {
		f, err := os.OpenFile(keyLog, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			conn.Close()
			return nil, tlsError("key_log", err)
		}
		defer f.Close()
		c.KeyLogWriter = f
		if d.KeyLog != nil {
			c.KeyLogWriter = io.MultiWriter(f, d.KeyLog)
		}
	}
	secure := side(conn, c)
	if err := secure.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, tlsError("handshake with "+conn.RemoteAddr().String(), err)
	}
	return secure, nil
}

// accept makes a connection that came in ready for the session: it encrypts it if cfg says so.
func (d *Dialer) accept(ctx context.Context, conn net.Conn, cfg Config) (net.Conn, error) {
	if cfg.TLS == nil {
		return conn, nil
	}
	tc, err := d.Certificates.Server(*cfg.TLS, d.TLS)
	if err != nil {
		conn.Close()
		return nil, err
	}
	return d.handshake(ctx, conn, tls.Server, tc, cfg.TLS.KeyLog)
}

func connectError(err error) *Error {
	return &Error{Code: CodeConnect, Message: err.Error(), Retryable: true, Cause: err}
}
