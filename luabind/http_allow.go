package luabind

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

type allowKey struct{}

// The connections that all binds share: no proxy of the environment, each address looked at before it is dialled.
// Those to hosts that a * entry allows are kept apart from those to hosts that are named: what they may lead to
// differs.
var sharedTransports = map[bool]*http.Transport{false: newTransport(), true: newTransport()}

func newTransport() *http.Transport {
	return &http.Transport{
		DialContext:            dialAllowed,
		ForceAttemptHTTP2:      true,
		MaxIdleConns:           200,
		MaxIdleConnsPerHost:    10,
		IdleConnTimeout:        30 * time.Second,
		TLSHandshakeTimeout:    10 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
	}
}

// RoundTrip sends one request of those that redirects make of one.
func (q *httpRequest) RoundTrip(req *http.Request) (*http.Response, error) {
	if t := q.bind.opts.Transport; t != nil {
		return t.RoundTrip(req)
	}
	entry, _ := allowedHost(q.bind.opts.Allow.HTTP, req.URL.Hostname(), port(req.URL))
	return sharedTransports[strings.HasPrefix(entry, "*")].RoundTrip(req)
}

// permit checks that the bind may ask the host.
func (q *httpRequest) permit(u *url.URL) error {
	if u.Scheme != "http" && u.Scheme != "https" {
		return codeError(CodeNotAllowed, "'%s' is neither http nor https", u.Scheme)
	}
	if _, ok := allowedHost(q.bind.opts.Allow.HTTP, u.Hostname(), port(u)); !ok {
		return codeError(CodeNotAllowed, "%s may not reach %s (option allow.http)", q.bind.opts.Name, u.Host)
	}
	return nil
}

func port(u *url.URL) string {
	if p := u.Port(); p != "" {
		return p
	}
	return map[string]string{"http": "80", "https": "443"}[u.Scheme]
}

// allowedHost finds the entry that allows the host. An entry without a port allows 80 and 443 only.
func allowedHost(allow []string, host, port string) (entry string, ok bool) {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	for _, entry := range allow {
		name, p, err := net.SplitHostPort(entry)
		if err != nil {
			name, p = strings.Trim(entry, "[]"), ""
		}
		if p != port && !(p == "" && (port == "80" || port == "443")) {
			continue
		}
		name = strings.ToLower(name)
		if suffix, wild := strings.CutPrefix(name, "*"); name == host || wild && len(suffix) > 1 && strings.HasSuffix(host, suffix) && len(host) > len(suffix) {
			return entry, true
		}
	}
	return "", false
}

// dialAllowed looks the name up, and dials an address that the entry which allows the name covers: what a name
// stands for may change between two looks, so the address that is dialled is the one that was checked.
func dialAllowed(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	q, ok := ctx.Value(allowKey{}).(*httpRequest)
	if !ok {
		return nil, codeError(CodeNotAllowed, "no bind asks for %s", address)
	}
	entry, ok := allowedHost(q.bind.opts.Allow.HTTP, host, port)
	if !ok {
		return nil, codeError(CodeNotAllowed, "%s may not reach %s (option allow.http)", q.bind.opts.Name, address)
	}
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, err
	}
	var d net.Dialer
	var last error
	for _, a := range addrs {
		if err := mayDial(entry, host, a.Unmap()); err != nil {
			last = err
			continue
		}
		conn, err := d.DialContext(ctx, network, netip.AddrPortFrom(a.Unmap(), portNumber(port)).String())
		if err == nil {
			return conn, nil
		}
		last = err
	}
	return nil, last
}

func portNumber(s string) uint16 {
	n, err := net.LookupPort("tcp", s)
	if err != nil {
		return 0
	}
	return uint16(n)
}

// mayDial checks the address that a name stands for. An address that the configuration names itself is meant.
func mayDial(entry, host string, a netip.Addr) error {
	if ip, err := netip.ParseAddr(host); err == nil && ip.Unmap() == a {
		return nil
	}
	wild := strings.HasPrefix(entry, "*")
	switch {
	case a.IsLinkLocalUnicast() || a.IsMulticast() || a.IsUnspecified():
	case a.IsLoopback() && host != "localhost":
	case a.IsPrivate() && wild:
	default:
		return nil
	}
	return codeError(CodeNotAllowed, "%s stands for %s, which is no public address (option allow.http: name the address itself if it is meant)", host, a)
}
