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
	"time"

	"github.com/esmehost/esmehost/esme"
)

// What the guard answers.
const (
	codeUnauthorised = "unauthorized" // no token, or a wrong one
	codeForbidden    = "forbidden"    // a page of another origin asks
	codeBusy         = "busy"         // too many requests at once
)

// maxRequests is how many admin requests of a kind are worked on at once; what comes beyond is told to come again.
const maxRequests = 64

// kind is what a request is counted with: whatever waits for binds keeps nobody from looking, and scripts that do not
// reply keep nobody from stopping them.
type kind string

const (
	question kind = "questions"
	wait     kind = "waits" // for what a canary comes to
	change   kind = "changes"
	call     kind = "calls"
)

func kindOf(r *http.Request) kind {
	switch {
	case r.Method == http.MethodGet && r.URL.Query().Get("wait") == "true":
		return wait
	case r.Method == http.MethodGet:
		return question
	case r.URL.Path == callPath:
		return call
	default:
		return change
	}
}

// minToken is the least length of a token, in octets, so that it cannot be guessed.
const minToken = 16

// guard stands before the admin API: who may ask, how much at once, and a line in the log for each change.
type guard struct {
	token   [sha256.Size]byte // of the token; hashed, so that a comparison takes the same time for every length
	guarded bool              // a token is wanted where no file permission guards
	slots   map[kind]chan struct{}
	log     *slog.Logger
}

// viaSocket is the context's key for whether a connection came by the unix socket.
type viaSocket struct{}

func newGuard(cfg Admin, log *slog.Logger) (*guard, error) {
	g := &guard{slots: map[kind]chan struct{}{}, log: log}
	for _, k := range []kind{question, wait, change, call} {
		g.slots[k] = make(chan struct{}, maxRequests)
	}
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
		k := kindOf(r)
		select {
		case g.slots[k] <- struct{}{}:
			defer func() { <-g.slots[k] }()
		default:
			fail(w, &esme.Error{Code: codeBusy, Message: fmt.Sprintf("%d %s are under way already: try again", maxRequests, k)})
			return
		}
		if k == question || k == wait {
			api.ServeHTTP(w, r)
			return
		}
		seen := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		defer func() { g.audit(r, socket, seen.status) }()
		api.ServeHTTP(seen, r)
	})
}

// audit writes the line of a change, whatever log.level says. What the client named stands in a group of its own, so that
// it cannot pass for what the host says.
func (g *guard) audit(r *http.Request, socket bool, status int) {
	line := slog.NewRecord(time.Now(), slog.LevelInfo, "admin request", 0)
	line.Add("path", r.URL.Path, "from", asker(r, socket), "status", status)
	var query []any
	for name, values := range r.URL.Query() {
		query = append(query, slog.String(name, strings.Join(values, ",")))
	}
	line.Add(slog.Group("query", query...))
	g.log.Handler().Handle(r.Context(), line)
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
