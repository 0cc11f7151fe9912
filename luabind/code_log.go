package luabind

import (
	"context"
	"log/slog"
	"sync/atomic"

	"github.com/esmehost/esmehost/luabind/vm"
)

// codeLog is the log of a bind. Each line says by generation and hash which code it is about: that which the line names,
// else the one that the bind runs.
type codeLog struct {
	slog.Handler
	runs *atomic.Pointer[code]
}

// code is the generation of a bind and what it runs.
type code struct {
	generation int
	prog       *vm.Program
}

const generationKey = "generation"

func (c *code) attrs() []any {
	return []any{generationKey, c.generation, "hash", c.prog.Hash[:min(12, len(c.prog.Hash))]}
}

// Handle adds what the bind runs to a line that names no code.
func (l codeLog) Handle(ctx context.Context, r slog.Record) error {
	named := false
	r.Attrs(func(a slog.Attr) bool {
		named = a.Key == generationKey
		return !named
	})
	if !named {
		r = r.Clone()
		r.Add(l.runs.Load().attrs()...)
	}
	return l.Handler.Handle(ctx, r)
}

// WithAttrs keeps adding, unless it is the code that is named here.
func (l codeLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	inner := l.Handler.WithAttrs(attrs)
	for _, a := range attrs {
		if a.Key == generationKey {
			return inner
		}
	}
	return codeLog{inner, l.runs}
}

// Log is the bind's log, in which each line says what code the bind runs.
func (b *Bind) Log() *slog.Logger { return b.log }

// attrs name the generation in a log line.
func (g *generation) attrs() []any { return (&code{g.number, g.prog}).attrs() }
