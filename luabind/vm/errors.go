package vm

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/esmehost/esmehost/diag"
)

// Kind is what ended a call.
type Kind string

// The kinds of errors.
const (
	Raise    Kind = "raise"    // error(), or a mistake in the script
	Budget   Kind = "budget"   // too many instructions
	Time     Kind = "time"     // took too long
	Memory   Kind = "memory"   // holds too much
	Panic    Kind = "panic"    // a bug in the host: the state is poisoned
	Nonsense Kind = "nonsense" // a callback returned what it may not
	Closed   Kind = "closed"   // the state was closed while a task waited, or a load was cut short
)

// Error is what went wrong in a script, and where.
type Error struct {
	Kind      Kind
	Limit     string // the option whose limit was exceeded, such as "limits.instructions"
	Message   string // without the place
	File      string
	Line      int // 0 if not known
	Traceback string
	Value     lua.LValue // what error() was called with; only good inside the state's lock
}

// Error returns "file:line: message".
func (e *Error) Error() string {
	if e.File == "" || e.Line == 0 {
		return e.Message
	}
	return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Message)
}

// place is how the machine starts the message of an error that a script raised.
var place = regexp.MustCompile(`^([^\n:]+):(\d+):\s`)

// frame is a line of a traceback that lies in a script.
var frame = regexp.MustCompile(`(?m)^\t([^\n:\[]+):(\d+):`)

// locate splits the place off the message, or takes it from the traceback.
func (e *Error) locate() *Error {
	if m := place.FindStringSubmatch(e.Message[:min(len(e.Message), maxMessage)]); m != nil { // a script's message may be of MiB
		e.File = m[1]
		e.Line, _ = strconv.Atoi(m[2])
		e.Message = e.Message[len(m[0]):]
	} else if m := frame.FindStringSubmatch(e.Traceback); m != nil {
		e.File = m[1]
		e.Line, _ = strconv.Atoi(m[2])
	}
	return e
}

// fromLua makes an Error of what the machine returned.
func fromLua(err error) *Error {
	api, ok := err.(*lua.ApiError)
	if !ok {
		return &Error{Kind: Raise, Message: err.Error()}
	}
	e := &Error{Kind: Raise, Value: api.Object, Traceback: strings.TrimSpace(api.StackTrace)}
	e.Message = describe(api.Object)
	if api.Type == lua.ApiErrorPanic {
		e.Kind = Panic
		if e.Message == "lua callstack overflow" { // the machine unwinds it like any error
			e.Kind = Raise
			e.Message = fmt.Sprintf("stack overflow: calls are nested deeper than %d", maxCalls)
			e.Value = lua.LString(e.Message)
		}
	}
	if api.Object == nil || api.Object == lua.LNil {
		e.Message = "nil"
		if api.Cause != nil {
			e.Message = api.Cause.Error()
		}
	}
	return e.locate().short()
}

// The most that an error tells.
const (
	maxMessage   = 1 << 10
	maxTraceback = 4 << 10
)

// short cuts what a script made too long.
func (e *Error) short() *Error {
	e.Message = diag.Shortened(e.Message, maxMessage)
	e.Traceback = diag.Shortened(e.Traceback, maxTraceback)
	return e
}

// named is a name as a message shows it: a script may give one of any length.
func named(name string) string { return diag.Shortened(name, MaxShownKey) }

// describe says what an error value says: a table's message or code, or the value as text.
func describe(v lua.LValue) string {
	if t, ok := v.(*lua.LTable); ok {
		for _, key := range []string{"message", "code"} {
			if s, ok := t.RawGetString(key).(lua.LString); ok {
				return string(s)
			}
		}
		return "(error object is a table)"
	}
	if v == nil {
		return "nil"
	}
	if u, ok := v.(*lua.LUserData); ok {
		if s, ok := u.Value.(fmt.Stringer); ok {
			return s.String()
		}
		if s, ok := u.Value.(error); ok {
			return s.Error()
		}
	}
	return v.String()
}
