package host

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"

	"github.com/esmehost/esmehost/esme"
)

// What the guard answers.
const (
	codeUnauthorised = "unauthorized" // no token, or a wrong one
	codeForbidden    = "forbidden"    // a page of another origin asks
	codeBusy         = "busy"         // too many requests at once
)

// maxRequests is how many admin requests are worked on at once; what comes beyond is told to come again.
const maxRequests = 64

// minToken is the least length of a token, in octets, so that it cannot be guessed.
const minToken = 16

// guard stands before the admin API: who may ask, how much at once, and a line in the log for each change.
type guard struct {
	token   [sha256.Size]byte // of the token; hashed, so that a comparison takes the same time for every length
	guarded bool              // a token is wanted where no file permission guards
	slots   chan struct{}
	log     *slog.Logger
}

// viaSocket is the context's key for whether a connection came by the unix socket.
type viaSocket struct{}

func newGuard(cfg Admin, log *slog.Logger) (*guard, error) {
	g := &guard{slots: make(chan struct{}, maxRequests), log: log}
	if cfg.TokenFile == "" {
		return g, nil
	}
	token, err := ReadToken(cfg.TokenFile)
	if err != nil {
		return nil, fmt.Errorf("admin.token_file: %w", err)
	}
	g.token, g.guarded = sha256.Sum256([]byte(token)), true
	return g, nil
}

// ReadToken reads the token of the admin API from a file: its first line.
func ReadToken(path string) (string, error) {
	src, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("cannot read %s: %s", path, pathReason(err))
	}
	token, _, _ := strings.Cut(string(src), "\n")
	if token = strings.TrimSpace(token); len(token) < minToken {
		return "", fmt.Errorf("the token in %s has %d octets, must have at least %d: openssl rand -hex 32 makes one", path, len(token), minToken)
	}
	return token, nil
}

// guard wraps the API.
func (g *guard) guard(api http.Handler) http.Handler {
	origins := http.NewCrossOriginProtection() // a page in the operator's browser is not the operator
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		socket, _ := r.Context().Value(viaSocket{}).(bool)
		if err := g.mayAsk(r, socket, origins); err != nil {
			g.log.Warn("admin request refused", "path", r.URL.Path, "from", asker(r, socket), "error", err.Error())
			fail(w, err)
			return
		}
		select {
		case g.slots <- struct{}{}:
			defer func() { <-g.slots }()
		default:
			fail(w, &esme.Error{Code: codeBusy, Message: fmt.Sprintf("%d requests are under way already: try again", maxRequests)})
			return
		}
		if r.Method == http.MethodGet {
			api.ServeHTTP(w, r)
			return
		}
		seen := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		api.ServeHTTP(seen, r)
		attrs := []any{"path", r.URL.Path, "from", asker(r, socket), "status", seen.status}
		for name, values := range r.URL.Query() {
			attrs = append(attrs, name, strings.Join(values, ","))
		}
		g.log.Info("admin request", attrs...)
	})
}

func (g *guard) mayAsk(r *http.Request, socket bool, origins *http.CrossOriginProtection) error {
	if err := origins.Check(r); err != nil {
		return &esme.Error{Code: codeForbidden, Message: "a page of another origin asks: " + err.Error()}
	}
	if socket {
		return nil // its permissions are the guard
	}
	if !g.guarded {
		// Without a token only this machine may ask: not what some name that leads here stands for (DNS rebinding).
		host, _, err := net.SplitHostPort(r.Host)
		if err != nil {
			host = r.Host
		}
		if host != "localhost" && net.ParseIP(strings.Trim(host, "[]")) == nil {
			return &esme.Error{Code: codeForbidden, Message: fmt.Sprintf("the host is called '%s': without a token it answers to localhost and to addresses only", host)}
		}
		return nil
	}
	given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	sum := sha256.Sum256([]byte(given))
	if !ok || subtle.ConstantTimeCompare(sum[:], g.token[:]) != 1 {
		return &esme.Error{Code: codeUnauthorised, Message: "a token is required: --token-file FILE, or ESMEHOST_TOKEN_FILE"}
	}
	return nil
}

func asker(r *http.Request, socket bool) string {
	if socket {
		return "socket"
	}
	return r.RemoteAddr
}

// statusWriter remembers the status of an answer.
type statusWriter struct {
	http.ResponseWriter
	status int
}

// WriteHeader remembers it.
func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}
