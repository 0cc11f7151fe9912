package luabind

import (
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/esmehost/esmehost/esme"
	"github.com/esmehost/esmehost/pdu"
)

// Handler forwards the events of one session to the script. It implements esme.Handler.
type Handler struct {
	bind   *Bind
	number int // of the session
	log    *slog.Logger
	s      *esme.Session
	kept   *session // s, as PDUs hold it

	mu        sync.Mutex                 // guards what tasks, timers and reloads touch too
	gen       atomic.Pointer[generation] // the code that runs now
	later     later                      // messages of esme.send_after
	repeating map[*repeating]struct{}
	errors    []time.Time                 // of the latest script errors
	old       map[*generation]*time.Timer // replaced, and with tasks that may go on for a while
	unsettled []*pdu.PDU                  // lost requests of tasks that did not live to hear it
	over      bool
	waiting   atomic.Int64 // octets of large messages that wait for the bind

	repeats  repeats
	hand     bool     // handle_pdu or handle_unparsed_pdu runs: its PDU is to be answered yet
	died     *crashed // in one of them
	stopping bool     // handle_stop runs, or ran
	dead     bool     // init broke the state, and no other takes its place
	done     chan struct{}
}

var (
	_ esme.Handler = (*Handler)(nil)
)

// generation returns the code that runs now.
func (h *Handler) generation() *generation { return h.gen.Load() }

// do runs fn between two events; an error says that there is no session to do it in.
func (h *Handler) do(fn func()) error {
	h.mu.Lock()
	s, over := h.s, h.over
	h.mu.Unlock()
	if s == nil || over {
		return errors.New("no session")
	}
	return s.Do(fn)
}

// ended is closed when the session has had its last callback.
func (h *Handler) ended() <-chan struct{} {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.done == nil {
		h.done = make(chan struct{})
		if h.over {
			close(h.done)
		}
	}
	return h.done
}

func (h *Handler) logger(g *generation, callback string) *slog.Logger {
	l := h.log.With(append([]any{"script", g.prog.Main}, g.attrs()...)...)
	if task, ok := strings.CutPrefix(callback, taskPrefix); ok {
		return l.With("task", task)
	}
	if callback != "" {
		l = l.With("callback", callback)
	}
	return l
}

// warn writes a line of the host that a script, or its peer, can cause as often as it likes: as far as the flood lets it.
func (h *Handler) warn(g *generation, message string, attrs ...any) {
	h.bind.hostFlood.log(h.logger(g, ""), slog.LevelWarn, 1, message, attrs...)
}

// turn takes the turn of a callback: the lock of g, or of the one that replaces it where g broke in a task.
func (h *Handler) turn(g *generation) *generation {
	for {
		g.vm.Lock()
		cause := g.vm.Broken()
		if cause == nil {
			return g
		}
		g.vm.Unlock()
		err := h.replace(g, cause)
		next := h.generation()
		if err != nil || next == g {
			g.vm.Lock()
			return g // a call will say what is the matter
		}
		g = next
	}
}

// live reports whether the session has its script and has not had its last callback.
func (h *Handler) live() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.s != nil && !h.over
}
