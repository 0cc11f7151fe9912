package host

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"time"
)

// admin answers an operator's commands, by HTTP and JSON over a unix socket, which only the host's user can open,
// and, if configured, a port.
type admin struct {
	server    *http.Server
	listeners []net.Listener
	closed    sync.Once
}

func (h *Host) listen() (*admin, error) {
	a, cfg := &admin{}, h.config().Admin
	g, err := newGuard(cfg, h.log)
	if err != nil {
		return nil, err
	}
	if err := takeSocket(cfg.Socket); err != nil {
		return nil, err
	}
	l, err := net.Listen("unix", cfg.Socket)
	if err != nil {
		return nil, fmt.Errorf("admin.socket: %w", err)
	}
	os.Chmod(cfg.Socket, 0o600)
	a.listeners = append(a.listeners, l)
	if cfg.Listen != "" {
		l, err := net.Listen("tcp", cfg.Listen)
		if err != nil {
			a.close()
			return nil, fmt.Errorf("admin.listen: %w", err)
		}
		a.listeners = append(a.listeners, l)
	}
	a.server = &http.Server{Handler: g.guard(h.routes()), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second, IdleTimeout: time.Minute,
		MaxHeaderBytes: 16 << 10, ErrorLog: slog.NewLogLogger(h.log.Handler(), slog.LevelDebug),
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, viaSocket{}, c.LocalAddr().Network() == "unix")
		}}
	return a, nil
}

// takeSocket removes what a host that was killed left behind; one that is alive is not disturbed.
func takeSocket(path string) error {
	if c, err := net.DialTimeout("unix", path, time.Second); err == nil {
		c.Close()
		return fmt.Errorf("admin.socket: another host answers on %s: stop it, or give this one a socket of its own", path)
	}
	if st, err := os.Stat(path); err == nil && st.Mode()&os.ModeSocket != 0 {
		os.Remove(path)
	}
	return nil
}

func (a *admin) serve() {
	var all sync.WaitGroup
	for _, l := range a.listeners {
		all.Go(func() { a.server.Serve(l) })
	}
	all.Wait()
}

func (a *admin) close() {
	a.closed.Do(func() {
		if a.server != nil {
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			if a.server.Shutdown(ctx) != nil {
				a.server.Close()
			}
		}
		for _, l := range a.listeners {
			l.Close()
		}
	})
}
