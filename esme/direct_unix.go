//go:build unix

package esme

import (
	"net"
	"os"
	"syscall"
)

// direct writes to a TCP connection as much as its buffer takes at once, and never waits. So who sends writes too,
// and no other goroutine has to be woken for it. It is used by one at a time: the machine has one write under way.
type direct struct {
	conn net.Conn
	raw  syscall.RawConn
	once func(fd uintptr) bool // made once: a closure for each write would be an allocation for each

	b   []byte
	n   int
	err error
}

// newDirect returns nil for a transport that cannot do it.
func newDirect(conn net.Conn) *direct {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return nil
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return nil
	}
	d := &direct{conn: conn, raw: raw}
	d.once = func(fd uintptr) bool {
		for {
			if d.n, d.err = syscall.Write(int(fd), d.b); d.err != syscall.EINTR {
				return true
			}
		}
	}
	return d
}

// write returns how much of b was taken. That it was not all is no error.
func (d *direct) write(b []byte) (int, error) {
	d.b, d.n, d.err = b, 0, nil
	err := d.raw.Write(d.once)
	d.b = nil
	switch {
	case err != nil:
		return 0, err
	case d.err == syscall.EAGAIN:
		return 0, nil
	case d.err != nil:
		return 0, &net.OpError{Op: "write", Net: "tcp", Source: d.conn.LocalAddr(), Addr: d.conn.RemoteAddr(), Err: os.NewSyscallError("write", d.err)}
	}
	return d.n, nil
}
