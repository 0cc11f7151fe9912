//go:build !unix

package esme

import "net"

// direct is for systems on which a write to a connection can be tried without waiting. Here the writer writes.
type direct struct{}

func newDirect(net.Conn) *direct { return nil }

func (*direct) write([]byte) (int, error) { return 0, nil }
