package host

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"github.com/esmehost/esmehost/esme"
)

// connection checks what the bind says of its connection as a whole.
func (b *bindReader) connection(at *node, missing func(key, remedy string)) {
	if !b.outbound {
		if b.Listen == "" && at.fields["listen"] == nil {
			missing("listen", "mode: outbind waits for the SMSC, for instance at listen: 127.0.0.1:3550")
		}
		if b.sessions > 1 {
			b.fail(at.find("sessions"), "mode: outbind has one session, the one that the SMSC opens", "take it out")
		}
		if n := at.fields["smsc"]; n != nil {
			b.fail(n, "mode: outbind waits for the SMSC and connects to none", "take it out")
		}
		if t := b.ESME.TLS; t != nil && t.Cert == "" {
			b.fail(at.find("tls"), "mode: outbind needs a certificate to listen", "set cert and key")
		}
		b.SMSC, b.ESME.Mode = nil, b.outbindMode
		return
	}
	for _, key := range []string{"listen", "outbind"} {
		if n := at.fields[key]; n != nil {
			b.fail(n, "is for mode: outbind", "set the mode, or take it out")
		}
	}
	b.Listen = ""
	if len(b.SMSC) == 0 && at.fields["smsc"] == nil {
		missing("smsc", "for instance smsc: smpp://127.0.0.1:2775")
	}
	secure := 0
	b.SMSC = slices.Clone(b.SMSC) // it may be that of the defaults
	for i, a := range b.SMSC {
		if b.transport == "tls" && !strings.HasPrefix(a, "smpps://") {
			a = "smpps://" + a
		}
		if strings.HasPrefix(a, "smpps://") {
			secure++
		}
		b.SMSC[i] = a
	}
	switch {
	case b.transport == "tcp" && secure > 0:
		b.fail(at.find("smsc"), "an address says smpps://, but transport is tcp", "take transport out: the address says it")
	case at.fields["tls"] != nil && b.ESME.TLS != nil && secure == 0 && len(b.SMSC) > 0:
		// To connect in the clear where somebody wrote down certificates would be a bad surprise.
		b.fail(at.fields["tls"], "is given, but no connection is encrypted", "write smsc: smpps://host:port, or transport: tls")
	}
	if secure == 0 {
		b.ESME.TLS = nil
	}
}

func (b *bindReader) smsc(n *node) {
	b.SMSC = nil
	for _, v := range b.list(n) {
		s := b.str(v)
		address, secure := strings.CutPrefix(s, "smpps://")
		if !secure {
			address = strings.TrimPrefix(s, "smpp://")
		}
		if !hostPort(address) {
			b.fail(v, fmt.Sprintf("'%s' is no address of an SMSC", s), "write smpp://host:port, or smpps://host:port for TLS")
			continue
		}
		if secure {
			address = "smpps://" + address
		}
		b.SMSC = append(b.SMSC, address)
	}
}

func hostPort(s string) bool {
	host, port, err := net.SplitHostPort(s)
	return err == nil && host != "" && port != "" && !strings.Contains(s, "/")
}

func (b *bindReader) asTransport(n *node) { b.transport = b.oneOf(n, "tcp", "tls") }

var tlsVersions = map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13}

func (b *bindReader) tls(n *node) {
	t := &esme.TLS{}
	b.ESME.TLS = nil
	if _, ok := n.Node.(*ast.NullNode); ok {
		return // not that of the defaults
	}
	dir := filepath.Dir(b.file)
	b.mapping(n, "tls", keys{
		"ca":          func(n *node) { t.CA = b.path(n, dir) },
		"cert":        func(n *node) { t.Cert = b.path(n, dir) },
		"key":         func(n *node) { t.Key = b.path(n, dir) },
		"server_name": func(n *node) { t.ServerName = b.str(n) },
		"min_version": func(n *node) { t.MinVersion = tlsVersions[b.oneOf(n, "1.2", "1.3")] },
		"insecure":    func(n *node) { t.Insecure = b.boolean(n) },
		"key_log":     func(n *node) { t.KeyLog = b.path(n, dir) },
	})
	var files esme.Certificates
	if err := files.Check(*t); err != nil {
		at := n
		for key, file := range map[string]string{"ca": t.CA, "cert": t.Cert, "key": t.Key} {
			if file != "" && n.fields[key] != nil && strings.Contains(err.Error(), file) {
				at = n.fields[key]
			}
		}
		b.fail(at, strings.TrimPrefix(err.Error(), esme.CodeTLS+": "), "")
	}
	b.ESME.TLS = t
}

func (b *bindReader) sourceAddress(n *node) {
	s := b.str(n)
	host, _, err := net.SplitHostPort(s)
	if err != nil {
		host = s
	}
	if net.ParseIP(host) == nil {
		b.fail(n, fmt.Sprintf("'%s' is no IP address of this machine", s), "for instance 192.0.2.10, or 192.0.2.10:4000 for the port too")
	}
	b.ESME.SourceAddress = s
}

// sourcePorts are the source_addresses with a port, and which bind connects from there to which SMSC: TCP has one connection
// between two ports.
type sourcePorts map[[2]string]string

func (x sourcePorts) take(b *bindReader, name string, at *node) {
	source := b.ESME.SourceAddress
	if _, port, err := net.SplitHostPort(source); err != nil || port == "0" {
		return
	}
	n := at.find("source_address")
	if b.sessions > 1 {
		b.fail(n, fmt.Sprintf("%d sessions cannot connect from one port", b.sessions), "take the port out, or give each session a bind and a port of its own")
	}
	for _, smsc := range b.SMSC {
		smsc = strings.TrimPrefix(strings.TrimPrefix(smsc, "smpps://"), "smpp://")
		way := [2]string{source, smsc}
		if other := x[way]; other != "" && other != name {
			b.fail(n, fmt.Sprintf("the bind %s connects from %s to %s too", other, source, smsc), "give each a port of its own, or take the port out")
			return
		}
		x[way] = name
	}
}

func (b *bindReader) backoff(n *node) {
	f := &b.Backoff
	set := func(d *time.Duration) func(*node) {
		return func(n *node) {
			if *d = b.duration(n); *d == 0 {
				b.fail(n, "must be more than 0", durationRemedy)
			}
		}
	}
	b.mapping(n, "backoff", keys{
		"min":           set(&f.Min),
		"max":           set(&f.Max),
		"already_bound": set(&f.AlreadyBound),
		"good":          set(&f.Good),
	})
	if f.Max != 0 && f.Max < f.Min {
		b.fail(n.find("max"), "is less than min", "")
	}
}

func (b *bindReader) listen(n *node) {
	b.Listen = b.str(n)
	if _, port, err := net.SplitHostPort(b.Listen); err != nil || port == "" {
		b.fail(n, "must be host:port", "for instance 127.0.0.1:3550")
	}
}

func (b *bindReader) outbind(n *node) {
	b.mapping(n, "outbind", keys{
		"system_id": func(n *node) { b.Outbind.SystemID = b.text(n, 15) },
		"password":  func(n *node) { b.Outbind.Password = b.text(n, 8) },
		"from":      b.outbindFrom,
		"bind": func(n *node) {
			b.outbindMode = map[string]esme.Mode{"transmitter": esme.Transmitter, "receiver": esme.Receiver}[b.oneOf(n, "transmitter", "receiver", "transceiver")]
		},
	})
}

func (b *bindReader) outbindFrom(n *node) {
	b.Outbind.From = nil
	for _, v := range b.list(n) {
		s := b.str(v)
		network, err := netip.ParsePrefix(s)
		if err != nil {
			var a netip.Addr
			if a, err = netip.ParseAddr(s); err == nil {
				network = netip.PrefixFrom(a, a.BitLen())
			}
		}
		if err != nil {
			b.fail(v, fmt.Sprintf("'%s' is no address and no network", s), "for instance 192.0.2.10, or 192.0.2.0/24")
			continue
		}
		if network.Addr().Is4In6() {
			if network.Bits() < 96 {
				b.fail(v, fmt.Sprintf("'%s' is an IPv4 address with a network that is none of IPv4's", s), "for instance 192.0.2.0/24, or 2001:db8::/32")
				continue
			}
			network = netip.PrefixFrom(network.Addr().Unmap(), network.Bits()-96)
		}
		b.Outbind.From = append(b.Outbind.From, network)
	}
}
