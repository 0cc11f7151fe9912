package esme

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"sync"
	"time"
)

// TLS says how a connection is encrypted. The zero value checks the SMSC's certificate against the
// system's roots and the host name of the address, and takes TLS 1.2 and above.
type TLS struct {
	CA         string // PEM file with the roots to trust; empty: the system's
	Cert, Key  string // PEM files of the own certificate, where the SMSC asks for one
	ServerName string // name that the SMSC's certificate must bear; empty: the host of the address
	MinVersion uint16 // tls.VersionTLS12 or above; 0 = TLS 1.2
	Insecure   bool   // do not check the SMSC's certificate: whoever is in between can read and write
	KeyLog     string // file that gets the secrets (NSS key log format): whoever has it can read what passed
}

// Certificates reads the files of [TLS] and keeps what it read until they change: many binds share
// one copy, and a renewed certificate is taken at the next connect without a restart. The zero value is
// ready; its methods may be called from any goroutine.
type Certificates struct {
	mu     sync.Mutex
	loaded map[TLS]loadedTLS
}

type loadedTLS struct {
	stamps [3]stamp
	roots  *x509.CertPool
	own    []tls.Certificate
}

// stamp tells one version of a file from another.
type stamp struct {
	changed time.Time
	size    int64
}

func stampOf(file string) stamp {
	st, err := os.Stat(file)
	if file == "" || err != nil {
		return stamp{}
	}
	return stamp{st.ModTime(), st.Size()}
}

// Client returns the configuration for a connection to host. base, if not nil, is what it starts from.
func (c *Certificates) Client(t TLS, host string, base *tls.Config) (*tls.Config, error) {
	l, err := c.load(t)
	if err != nil {
		return nil, err
	}
	cfg := t.over(base, l)
	if t.ServerName != "" || cfg.ServerName == "" {
		cfg.ServerName = cmp.Or(t.ServerName, host)
	}
	if l.roots != nil {
		cfg.RootCAs = l.roots
	}
	cfg.InsecureSkipVerify = cfg.InsecureSkipVerify || t.Insecure
	return cfg, nil
}

// Server returns the configuration for connections that come in (outbind, the simulator). With a CA the peer
// must show a certificate of it.
func (c *Certificates) Server(t TLS, base *tls.Config) (*tls.Config, error) {
	l, err := c.load(t)
	if err != nil {
		return nil, err
	}
	cfg := t.over(base, l)
	if len(cfg.Certificates) == 0 && cfg.GetCertificate == nil {
		return nil, tlsError("", fmt.Errorf("a certificate is needed to listen: set cert and key"))
	}
	if l.roots != nil {
		cfg.ClientCAs, cfg.ClientAuth = l.roots, tls.RequireAndVerifyClientCert
	}
	return cfg, nil
}

func (t TLS) over(base *tls.Config, l loadedTLS) *tls.Config {
	cfg := &tls.Config{}
	if base != nil {
		cfg = base.Clone()
	}
	cfg.MinVersion = max(cfg.MinVersion, cmp.Or(t.MinVersion, tls.VersionTLS12), tls.VersionTLS12)
	if len(l.own) > 0 {
		cfg.Certificates = l.own
	}
	return cfg
}

// Check reads the files, so that what is wrong with them is said before a connection is tried.
func (c *Certificates) Check(t TLS) error {
	_, err := c.load(t)
	return err
}

func (c *Certificates) load(t TLS) (loadedTLS, error) {
	stamps := [3]stamp{stampOf(t.CA), stampOf(t.Cert), stampOf(t.Key)}
	c.mu.Lock()
	defer c.mu.Unlock()
	if l, ok := c.loaded[t]; ok && l.stamps == stamps {
		return l, nil
	}
	l := loadedTLS{stamps: stamps}
	if t.CA != "" {
		pem, err := os.ReadFile(t.CA)
		if err != nil {
			return l, tlsError(t.CA, err)
		}
		l.roots = x509.NewCertPool()
		if !l.roots.AppendCertsFromPEM(pem) {
			return l, tlsError(t.CA, fmt.Errorf("no certificate in it: a PEM file is needed"))
		}
	}
	if (t.Cert == "") != (t.Key == "") {
		return l, tlsError(t.Cert+t.Key, fmt.Errorf("cert and key belong together: set both or none"))
	}
	if t.Cert != "" {
		pair, err := tls.LoadX509KeyPair(t.Cert, t.Key)
		if err != nil {
			return l, tlsError(t.Cert, err)
		}
		l.own = []tls.Certificate{pair}
	}
	if c.loaded == nil {
		c.loaded = map[TLS]loadedTLS{}
	}
	c.loaded[t] = l
	return l, nil
}

func tlsError(what string, cause error) *Error {
	message := cause.Error()
	if what != "" {
		message = what + ": " + message
	}
	return &Error{Code: CodeTLS, Message: message, Retryable: true, Cause: cause}
}
