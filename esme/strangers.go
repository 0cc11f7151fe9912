package esme

import (
	"net"
	"slices"
	"time"

	"golang.org/x/time/rate"
)

// maxStrangers is how many connections may be about to send their outbind.
const maxStrangers = 32

// strangers are the connections at the port of a bind that have not sent their outbind yet, the oldest first. Where they
// are too many, one gives way: the oldest of those from the address that has the most. So who floods the port shuts out
// himself, and an SMSC, which says at once who it is, has all the time that it needs, as long as fewer addresses than there are
// places come before it; and an SMSC that was here before, however many come.
type strangers struct {
	all   []stranger
	known string // where the latest right outbind came from
}

type stranger struct {
	conn net.Conn
	from string
}

// enter takes conn in, and closes the one that gives way to it.
func (x *strangers) enter(conn net.Conn) {
	x.all = append(x.all, stranger{conn, sourceOf(conn)})
	if len(x.all) <= maxStrangers {
		return
	}
	count := map[string]int{}
	for _, s := range x.all {
		count[s.from]++
	}
	out, most := 0, 0
	for i, s := range x.all {
		weight := 2 * count[s.from]
		if s.from == x.known {
			weight--
		}
		if weight > most {
			out, most = i, weight
		}
	}
	x.all[out].conn.Close()
	x.all = slices.Delete(x.all, out, out+1)
}

// leave takes conn out, which has sent the right outbind or not. It reports false when it had to give way.
func (x *strangers) leave(conn net.Conn, right bool) bool {
	i := slices.IndexFunc(x.all, func(s stranger) bool { return s.conn == conn })
	if i < 0 {
		return false
	}
	if right {
		x.known = x.all[i].from
	}
	x.all = slices.Delete(x.all, i, i+1)
	return true
}

// sourceOf is the address that a connection comes from. Of an IPv6 address it is the network, in which one machine may have
// any number.
func sourceOf(conn net.Conn) string {
	a, ok := conn.RemoteAddr().(*net.TCPAddr)
	if !ok {
		return conn.RemoteAddr().String()
	}
	if a.IP.To4() == nil {
		return a.IP.Mask(net.CIDRMask(64, 128)).String()
	}
	return a.IP.String()
}

// refusals say which of the connections that are turned away are a line in the log.
type refusals struct {
	lines  *rate.Limiter
	unsaid int
}

// add reports whether the next one is, and how many before it were not.
func (r *refusals) add(now time.Time) (say bool, unsaid int) {
	if r.lines == nil {
		r.lines = rate.NewLimiter(1, 20)
	}
	if !r.lines.AllowN(now, 1) {
		r.unsaid++
		return false, 0
	}
	unsaid, r.unsaid = r.unsaid, 0
	return true, unsaid
}
