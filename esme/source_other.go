//go:build !unix

package esme

import "syscall"

// reusePort is for systems on which SO_REUSEADDR means no more than that: elsewhere it would take the port from others.
func reusePort(_, _ string, _ syscall.RawConn) error { return nil }
