//go:build unix

package esme

import "syscall"

// reusePort lets a connection begin at a port whose last one is in TIME-WAIT: the side that closes keeps that for a minute.
func reusePort(_, _ string, c syscall.RawConn) error {
	var failed error
	err := c.Control(func(fd uintptr) { failed = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1) })
	if err != nil {
		return err
	}
	return failed
}
