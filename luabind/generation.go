package luabind

import (
	"context"
	"fmt"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/esmehost/esmehost/diag"
	"github.com/esmehost/esmehost/luabind/vm"
)

// callback is one of the functions that a script may define.
type callback int

const (
	cbInit callback = iota
	cbHandlePDU
	cbHandleResp
	cbHandleRespTimeout
	cbHandleSendPDUResult
	cbHandleStop
	cbHandleLostPDUs
	cbHandleCall
	cbHandleCast
	cbHandleInfo
	cbCodeChange
	cbHandleUnparsedPDU
	numCallbacks
)

var callbackNames = [numCallbacks]string{"init", "handle_pdu", "handle_resp", "handle_resp_timeout", "handle_send_pdu_result",
	"handle_stop", "handle_lost_pdus", "handle_call", "handle_cast", "handle_info", "code_change", "handle_unparsed_pdu"}

func (c callback) String() string { return callbackNames[c] }

// generation is one Lua state that runs one version of the script.
type generation struct {
	bind    *Bind
	handler *Handler // nil while the script is only tried
	number  int
	prog    *vm.Program
	vm      *vm.State
	ready   bool // loaded: the API may act
	changes bool // in code_change: the API may not act yet
	staged  staged

	fns        [numCallbacks]lua.LValue // nil where the script defines none
	version    lua.LValue
	state      lua.LValue            // the bind's state, as the callbacks return it
	calls      []*call               // of API functions, used again
	metrics    map[string]*metricDef // declared by the script
	saidSeries bool                  // that it has too many
	patterns   patterns              // of re, compiled
	views      []sessionView         // that with_session gave, and whose function has not returned

	saved   vm.Data // the last copy of the state
	savedAt time.Time
}

// newGeneration makes a state and loads prog into it.
func newGeneration(b *Bind, h *Handler, number int, prog *vm.Program) (*generation, error) {
	return newGenerationWithin(context.Background(), b, h, number, prog)
}

// newGenerationWithin is newGeneration that the end of ctx cuts short.
func newGenerationWithin(ctx context.Context, b *Bind, h *Handler, number int, prog *vm.Program) (*generation, error) {
	g := &generation{bind: b, handler: h, number: number, prog: prog, state: lua.LNil, version: lua.LNil}
	g.vm = vm.NewState(library, prog, b.opts.Limits, g, g.hooks())
	g.vm.Lock()
	defer g.vm.Unlock()
	if err := g.load(ctx); err != nil {
		g.vm.Close()
		return nil, err
	}
	return g, nil
}

func (g *generation) load(ctx context.Context) error {
	m, err := g.vm.LoadWithin(ctx)
	if err != nil {
		return err
	}
	if err := checkCallbacks(g.prog.Main, m); err != nil {
		return err
	}
	for i, name := range callbackNames {
		if fn, ok := m.RawGetString(name).(*lua.LFunction); ok {
			g.fns[i] = fn
		}
	}
	g.version = m.RawGetString("version")
	g.ready = true
	return nil
}

// checkCallbacks finds callbacks that are no functions, and functions whose name is nearly a callback's.
func checkCallbacks(file string, m *lua.LTable) *vm.Error {
	var wrong *vm.Error
	found := 0
	m.ForEach(func(k, v lua.LValue) {
		name, fn := k.String(), v
		known := false
		for _, n := range callbackNames {
			known = known || n == name
		}
		f, isFunction := fn.(*lua.LFunction)
		switch {
		case known && !isFunction:
			wrong = &vm.Error{Kind: vm.Nonsense, File: file, Line: 1, Message: fmt.Sprintf("%s is a %s, not a function", name, v.Type())}
		case known:
			found++
		case isFunction && (len(name) > 6 && name[:7] == "handle_" || diag.Near(name, callbackNames[:]) != ""):
			line := 1
			if f.Proto != nil {
				line = f.Proto.LineDefined
			}
			wrong = &vm.Error{Kind: vm.Nonsense, File: file, Line: line,
				Message: fmt.Sprintf("'%s' is no callback; %s", name, diag.DidYouMean(name, callbackNames[:]))}
		}
	})
	if wrong == nil && found == 0 {
		wrong = &vm.Error{Kind: vm.Nonsense, File: file, Line: 1, Message: "the script returns a table without a callback"}
	}
	return wrong
}

// Check loads prog for the bind without a session and without effect, and says what is wrong with it.
func (b *Bind) Check() error { return b.Loads(context.Background(), b.prog) }

// Loads is Check of any code. The end of ctx cuts it short, with the code busy.
func (b *Bind) Loads(ctx context.Context, prog *vm.Program) error {
	g, err := loadGeneration(ctx, b, nil, 0, prog)
	if err == nil {
		g.vm.Close()
	}
	return err
}

func (g *generation) taskFailed(task string, err *vm.Error) {
	if g.handler != nil {
		g.handler.taskFailed(g, task, err)
	}
}

// Compile compiles the script main below root, with all that it requires, for any number of binds.
func Compile(root, main string) (*vm.Program, diag.List) { return vm.Compile(root, main, library) }

// CompileFrom is Compile of the files that read gives.
func CompileFrom(read vm.Reader, main string) (*vm.Program, diag.List) {
	return vm.CompileFrom(read, main, library)
}
