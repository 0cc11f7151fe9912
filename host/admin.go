package host

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// admin answers an operator's commands, by HTTP and JSON over a unix socket, which only the host's user can open,
// and, if configured, a port.
type admin struct {
	server    *http.Server
	listeners []net.Listener
	closed    sync.Once
	path      string // of the socket
	lock      *lock  // beside it
}

func (h *Host) listen() (*admin, error) {
	a, cfg := &admin{}, h.config().Admin
	g, err := newGuard(cfg, h.log)
	if err != nil {
		return nil, err
	}
	if err := a.listenLocally(cfg.Socket); err != nil {
		return nil, err
	}
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

// listenLocally makes the socket. It is made in a folder that only the host's user can enter, and then put into its
// place: there is no moment at which another user could open it, nor one at which what a host that was killed left
// behind is gone and the new one not there.
func (a *admin) listenLocally(path string) error {
	var err error
	var held bool
	a.lock, _, held, err = lockFile(path + ".lock")
	if held {
		return fmt.Errorf("admin.socket: %w answers on %s: stop it, or give this one a socket of its own", err, path)
	}
	if err != nil {
		return fmt.Errorf("admin.socket: %w", err)
	}
	if err := a.placeSocket(path); err != nil {
		a.lock.release(true)
		return fmt.Errorf("admin.socket: %w", err)
	}
	return nil
}

func (a *admin) placeSocket(path string) error {
	st, err := os.Lstat(path)
	switch {
	case err == nil && st.Mode()&os.ModeSocket == 0:
		return fmt.Errorf("%s is there and is no socket: remove it, or name another path", path)
	case err == nil:
		if c, err := net.DialTimeout("unix", path, time.Second); err == nil {
			c.Close()
			return fmt.Errorf("another program answers on %s: stop it, or give the host a socket of its own", path)
		}
	}
	private, err := os.MkdirTemp(filepath.Dir(path), ".s*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(private)
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(private, "s"), Net: "unix"})
	if err != nil {
		return fmt.Errorf("no socket can be made beside %s (a path has at most about 100 octets): %w", path, err)
	}
	l.SetUnlinkOnClose(false) // it goes by another name by then
	err = os.Chmod(filepath.Join(private, "s"), 0o600)
	if err == nil {
		err = os.Rename(filepath.Join(private, "s"), path)
	}
	if err != nil {
		l.Close()
		return err
	}
	a.path = path
	a.listeners = append(a.listeners, l)
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
		if a.path != "" {
			os.Remove(a.path)
		}
		a.lock.release(true)
	})
}
