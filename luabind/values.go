package luabind

import (
	"errors"

	lua "github.com/yuin/gopher-lua"

	"github.com/esmehost/esmehost/diag"
	"github.com/esmehost/esmehost/esme"
	"github.com/esmehost/esmehost/luabind/vm"
	"github.com/esmehost/esmehost/pdu"
)

// shared makes the metatables that all states share. They are never written to after that.
var shared = lua.NewState(lua.Options{SkipOpenLibs: true, RegistrySize: 256, CallStackSize: 16})

// newMeta makes the metatable of a kind of host object: read-only, and not to be had by scripts.
func newMeta(what string, index, tostring lua.LGFunction) *lua.LTable {
	m := shared.NewTable()
	m.RawSetString("__index", shared.NewFunction(index))
	m.RawSetString("__tostring", shared.NewFunction(tostring))
	m.RawSetString("__metatable", lua.LFalse)
	m.RawSetString("__newindex", shared.NewFunction(func(L *lua.LState) int {
		L.RaiseError("%s is read-only: '%.40s' cannot be assigned", what, L.Get(2).String())
		return 0
	}))
	return m
}

// The metatables of errors and reasons, which are tables of data with a text form.
var (
	errorMeta = textMeta(func(t *lua.LTable) string {
		return lua.LVAsString(t.RawGetString("code")) + ": " + lua.LVAsString(t.RawGetString("message"))
	})
	reasonMeta = textMeta(func(t *lua.LTable) string {
		return esme.Reason{Kind: esme.Kind(lua.LVAsString(t.RawGetString("kind"))), Detail: lua.LVAsString(t.RawGetString("detail"))}.String()
	})
)

func textMeta(text func(t *lua.LTable) string) *lua.LTable {
	m := shared.NewTable()
	m.RawSetString("__tostring", shared.NewFunction(func(L *lua.LState) int {
		L.Push(lua.LString(text(L.CheckTable(1))))
		return 1
	}))
	m.RawSetString("__metatable", lua.LFalse)
	return m
}

// errorValue makes what scripts get as err: a table with code, message, retryable and, where a PDU is
// concerned, written. nil for nil.
func errorValue(L *lua.LState, err error) lua.LValue {
	if err == nil {
		return lua.LNil
	}
	t := L.NewTable()
	code, retryable := "error", false
	message := err.Error()
	var e *esme.Error
	var d *pdu.DecodeError
	switch {
	case errors.As(err, &e):
		code, message, retryable = e.Code, e.Message, e.Retryable
		if e.Written != "" {
			t.RawSetString("written", lua.LString(e.Written))
		}
	case errors.As(err, &d):
		code = d.Status.String()
	}
	t.RawSetString("code", lua.LString(code))
	t.RawSetString("message", lua.LString(diag.Shortened(message, maxErrorText)))
	t.RawSetString("retryable", lua.LBool(retryable))
	t.Metatable = errorMeta
	return t
}

func reasonValue(L *lua.LState, r esme.Reason) lua.LValue {
	t := L.NewTable()
	t.RawSetString("kind", lua.LString(r.Kind))
	t.RawSetString("detail", lua.LString(r.Detail))
	t.Metatable = reasonMeta
	return t
}

func pduList(L *lua.LState, ps []*pdu.PDU) lua.LValue {
	t := L.NewTable()
	for _, p := range ps {
		t.Append(newPDU(&pduValue{PDU: p}))
	}
	return t
}

// fromValue is the handle of a caller, as scripts hold it.
type fromValue struct{ from *esme.From }

// Into gives the handle's value in another state.
func (f *fromValue) Into(*lua.LState) lua.LValue {
	return vm.NewUserData(f, fromMeta)
}

// Size is that of the handle.
func (f *fromValue) Size() int { return 200 }

// String names it.
func (f *fromValue) String() string { return "from" }

func newFrom(from *esme.From) lua.LValue { return (&fromValue{from}).Into(nil) }

var (
	fromKind = kind{Name: "From", Var: "from",
		Doc: "The handle of a caller who waits, as handle_call gets it. It may be kept in the state, sent, and used after a reload.",
		Methods: []fn{{
			Name: "reply", Params: []param{{"value", dataType, "the answer"}}, Returns: accepted("answered"),
			Doc: "Answers the caller, from any callback or task. A second answer is refused: answered.",
			Example: `local M = {}
function M.handle_call(request, from, state)
  esme.spawn(function()
    esme.sleep("1ms")
    assert(from:reply({ done = true }))
  end)
  return "noreply", state
end`,
			Do: func(c *call) int {
				if !user[*fromValue](c, 1).from.Reply(c.data(2)) {
					return c.fail(codeError(esme.CodeAnswered, "the caller has had its answer"))
				}
				return c.ok()
			},
		}},
	}
	fromMeta *lua.LTable
)

func init() { fromMeta = fromKind.objects(fromType, nil) }

// errorKind is for the documentation: errors are tables of data.
var errorKind = kind{Name: "Error", Var: "err",
	Doc: "What went wrong in operation: the second value of functions that can fail. tostring(err) reads well, so that assert(...) works.",
	Fields: []value{
		{Name: "code", Type: stringType, Doc: "A stable word, such as timeout, queue_full, stopped, not_allowed, ESME_RTHROTTLED."},
		{Name: "message", Type: stringType, Doc: "For people."},
		{Name: "retryable", Type: booleanType, Doc: "Whether it may go well later."},
		{Name: "written", Type: optional(oneOf("never", "written", "unknown")), Doc: "Of a PDU: whether the peer may have it."},
	},
}
