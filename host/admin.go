package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/esmehost/esmehost/esme"
	"github.com/esmehost/esmehost/luabind/vm"
)

// maxRequest bounds the body of an admin request, in octets.
const maxRequest = 1 << 20

// admin answers an operator's commands, by HTTP and JSON over a unix socket and, if configured, a port on
// loopback.
type admin struct {
	server    *http.Server
	listeners []net.Listener
	closed    sync.Once
}

func (h *Host) listen() (*admin, error) {
	a := &admin{}
	if err := takeSocket(h.cfg.Admin.Socket); err != nil {
		return nil, err
	}
	l, err := net.Listen("unix", h.cfg.Admin.Socket)
	if err != nil {
		return nil, fmt.Errorf("admin.socket: %w", err)
	}
	os.Chmod(h.cfg.Admin.Socket, 0o600)
	a.listeners = append(a.listeners, l)
	if h.cfg.Admin.Listen != "" {
		l, err := net.Listen("tcp", h.cfg.Admin.Listen)
		if err != nil {
			a.close()
			return nil, fmt.Errorf("admin.listen: %w", err)
		}
		a.listeners = append(a.listeners, l)
	}
	a.server = &http.Server{Handler: h.routes(), ReadHeaderTimeout: 5 * time.Second}
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

// Failure is the body of an answer that is no success.
type Failure struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

func (h *Host) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/binds", func(w http.ResponseWriter, _ *http.Request) { answer(w, h.Status()) })
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		h.metrics.WriteTo(w)
	})
	mux.HandleFunc("POST /v1/reload", h.handleReload)
	mux.HandleFunc("GET /v1/history", func(w http.ResponseWriter, r *http.Request) {
		x, err := h.History(r.URL.Query().Get("script"))
		if err != nil {
			fail(w, err)
			return
		}
		answer(w, x)
	})
	mux.HandleFunc("POST /v1/stop", h.handleStop)
	mux.HandleFunc("POST /v1/call", h.message(func(r *http.Request, name string, d vm.Data) (any, error) {
		t, err := h.Target(name)
		if err != nil {
			return nil, err
		}
		limit, err := time.ParseDuration(r.URL.Query().Get("timeout"))
		if err != nil {
			limit = 5 * time.Second
		}
		ctx, cancel := context.WithTimeout(r.Context(), limit)
		defer cancel()
		v, err := t.Call(ctx, d)
		if err != nil {
			return nil, err
		}
		j, err := vm.JSON(v)
		return json.RawMessage(j), err
	}))
	mux.HandleFunc("POST /v1/cast", h.message(func(_ *http.Request, name string, d vm.Data) (any, error) {
		t, err := h.Target(name)
		if err != nil {
			return nil, err
		}
		return "ok", t.Cast(d)
	}))
	mux.HandleFunc("POST /v1/send", h.message(func(_ *http.Request, name string, d vm.Data) (any, error) {
		t, err := h.Target(name)
		if err != nil {
			return nil, err
		}
		return "ok", t.Info(d)
	}))
	return mux
}

// message reads the JSON of a request for the bind that ?bind= names.
func (h *Host) message(do func(r *http.Request, name string, d vm.Data) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
		var d vm.Data
		if err == nil {
			d, err = vm.ParseJSON(body)
		}
		if err != nil {
			fail(w, &esme.Error{Code: "bad_request", Message: "the message is no JSON: " + err.Error()})
			return
		}
		v, err := do(r, r.URL.Query().Get("bind"), d)
		if err != nil {
			fail(w, err)
			return
		}
		answer(w, v)
	}
}

func (h *Host) handleReload(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	outcomes, wrong, err := h.Reload(r.Context(), ReloadRequest{Script: q.Get("script"), To: q.Get("to"), Check: q.Get("check") == "true", By: "command"})
	if len(wrong) > 0 {
		err = &esme.Error{Code: "refused", Message: wrong.Error()}
	}
	if err != nil {
		fail(w, err)
		return
	}
	answer(w, outcomes)
}

// handleStop stops the bind that ?bind= names, or with ?all=true the host.
func (h *Host) handleStop(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Get("all") == "true" {
		h.log.Info("stop asked for by command")
		answer(w, "stopping")
		h.stop()
		return
	}
	name := r.URL.Query().Get("bind")
	if _, err := h.Target(name); err != nil {
		fail(w, err)
		return
	}
	h.log.Info("stop asked for by command", "bind", name)
	h.binds[name].Halt()
	answer(w, "stopping")
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(v)
}

func fail(w http.ResponseWriter, err error) {
	f := Failure{Code: "error", Message: err.Error()}
	var e *esme.Error
	if errors.As(err, &e) {
		f = Failure{Code: e.Code, Message: e.Message}
	}
	w.Header().Set("Content-Type", "application/json")
	switch f.Code {
	case "not_found":
		w.WriteHeader(http.StatusNotFound)
	case "bad_request":
		w.WriteHeader(http.StatusBadRequest)
	default:
		w.WriteHeader(http.StatusConflict)
	}
	json.NewEncoder(w).Encode(f)
}
