package esme

import (
	"context"
	"net"
)

// Dial connects to an SMSC at host:port within cfg.Timeout.
func Dial(ctx context.Context, address string, cfg Config) (net.Conn, error) {
	cfg = cfg.withDefaults()
	if cfg.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, cfg.Timeout)
		defer cancel()
	}
	return (&net.Dialer{}).DialContext(ctx, "tcp", address)
}
