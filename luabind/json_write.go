package luabind

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"

	lua "github.com/yuin/gopher-lua"

	"github.com/esmehost/esmehost/diag"
	"github.com/esmehost/esmehost/luabind/vm"
)

// jsonWriter writes a Lua value as JSON.
type jsonWriter struct {
	c      *call
	out    []byte
	indent int  // spaces for each level; 0: all in one line
	bad    bool // the error is a string that is no text: data, and no mistake of the script
}

// pathError says what is wrong with a value somewhere in a table. The way to it is put together from its end, when
// there is an error: long keys above many elements would make it dear to carry along.
type pathError struct{ path, what string }

// Error returns the path and what is wrong there.
func (e *pathError) Error() string { return e.path + e.what }

func (e *pathError) from(root string) *pathError {
	e.path = root + e.path
	return e
}

// under puts a key before the path. A long one is shortened: the error is for people.
func (e *pathError) under(key any) *pathError {
	if s, ok := key.(string); ok {
		return e.from("." + diag.Shortened(s, vm.MaxShownKey))
	}
	return e.from(fmt.Sprintf("[%v]", key))
}

// write writes v, which errors call by the name. A string that is no UTF-8 is an error value; all else that has no
// JSON form raises.
func (w *jsonWriter) write(v lua.LValue, name string) error {
	err := w.value(v, 0)
	switch {
	case err == nil:
		return nil
	case w.bad:
		return codeError("invalid_utf8", "%s: use base64 or hex for octets", err.from(name))
	}
	w.c.raise("%s", err.from(name))
	return nil
}

func noJSON(format string, args ...any) *pathError {
	return &pathError{what: " " + fmt.Sprintf(format, args...)}
}

func (w *jsonWriter) value(v lua.LValue, depth int) *pathError {
	w.c.charge(1)
	switch v := v.(type) {
	case *lua.LNilType:
		w.out = append(w.out, "null"...)
	case lua.LBool:
		w.out = strconv.AppendBool(w.out, bool(v))
	case lua.LNumber:
		return w.number(float64(v))
	case lua.LString:
		return w.text(string(v))
	case *lua.LTable:
		return w.table(v, depth)
	default:
		u, ok := v.(*lua.LUserData)
		switch {
		case ok && u == jsonNull:
			w.out = append(w.out, "null"...)
		case ok:
			return noJSON("is %s, which has no JSON form: choose what of it to send", kindOf(u))
		default:
			return noJSON("is a %s, which has no JSON form", v.Type())
		}
	}
	return nil
}

func (w *jsonWriter) number(f float64) *pathError {
	switch {
	case math.IsNaN(f) || math.IsInf(f, 0):
		return noJSON("is %v, which has no JSON form", f)
	case f == math.Trunc(f) && math.Abs(f) <= 1<<53:
		w.out = strconv.AppendInt(w.out, int64(f), 10)
	default:
		w.out = strconv.AppendFloat(w.out, f, 'g', -1, 64)
	}
	return nil
}

// textPart is how many octets of a text are escaped between two looks at the clock.
const textPart = 16 << 10

func (w *jsonWriter) text(s string) *pathError {
	w.c.charge(len(s) / 32)
	w.out = append(w.out, '"')
	for len(s) > 0 {
		n := min(len(s), textPart)
		for n > 0 && n < len(s) && !utf8.RuneStart(s[n]) {
			n--
		}
		if n == 0 || !utf8.ValidString(s[:n]) {
			w.bad = true
			return noJSON("is no UTF-8 text")
		}
		if err := w.part(s[:n]); err != nil {
			return err
		}
		w.bounded()
		if s = s[n:]; s != "" {
			vm.LookAtClock(w.c.L)
		}
	}
	w.out = append(w.out, '"')
	return nil
}

// part writes a part of a text.
func (w *jsonWriter) part(s string) *pathError {
	plain := true
	for i := 0; i < len(s) && plain; i++ {
		plain = s[i] >= ' ' && s[i] != '"' && s[i] != '\\' && s[i] < 0x7F
	}
	if plain {
		w.out = append(w.out, s...)
		return nil
	}
	j, err := json.Marshal(s)
	if err != nil {
		return noJSON("cannot be written: %v", err)
	}
	w.c.charge(len(j) / 4)
	w.out = append(w.out, unescapeHTML(j[1:len(j)-1])...)
	return nil
}

// bounded raises when the text has become too long.
func (w *jsonWriter) bounded() {
	if len(w.out) > vm.MaxString {
		w.c.raise("the text would be longer than %d octets", vm.MaxString)
	}
}

// newLine begins the line of a value at a depth, where there are lines.
func (w *jsonWriter) newLine(depth int) {
	if w.indent == 0 {
		return
	}
	w.out = append(w.out, '\n')
	for range depth * w.indent {
		w.out = append(w.out, ' ')
	}
	w.c.charge(depth * w.indent / 16)
	w.bounded()
}

// unescapeHTML gives back <, > and &, which Go writes as \u003c and so on.
func unescapeHTML(j []byte) []byte {
	out := j[:0]
	for i := 0; i < len(j); i++ {
		if j[i] == '\\' && i+1 < len(j) {
			if j[i+1] == 'u' && i+6 <= len(j) {
				switch string(j[i+2 : i+6]) {
				case "003c":
					out = append(out, '<')
					i += 5
					continue
				case "003e":
					out = append(out, '>')
					i += 5
					continue
				case "0026":
					out = append(out, '&')
					i += 5
					continue
				}
			}
			out = append(out, j[i], j[i+1])
			i++
			continue
		}
		out = append(out, j[i])
	}
	return out
}

func (w *jsonWriter) table(t *lua.LTable, depth int) *pathError {
	if depth >= maxJSONDepth {
		return noJSON("is nested deeper than %d tables, or contains itself", maxJSONDepth)
	}
	n := w.length(t)
	var keys []string
	values := map[string]lua.LValue{}
	var wrong *pathError
	t.ForEach(func(k, v lua.LValue) {
		if i, ok := k.(lua.LNumber); ok && i >= 1 && int(i) <= n && lua.LNumber(int(i)) == i {
			return
		}
		w.c.charge(4)
		switch k.(type) {
		case lua.LString, lua.LNumber:
			name := lua.LVAsString(k)
			if _, twice := values[name]; twice && wrong == nil {
				wrong = noJSON("has the key %.40s as a number and as a string", name)
			}
			keys = append(keys, name)
			values[name] = v
		default:
			wrong = noJSON("has a %s as a key, which has no JSON form", k.Type())
		}
	})
	if wrong != nil {
		return wrong
	}
	if len(keys) == 0 && (n > 0 || t.Metatable == arrayMeta) {
		return w.array(t, n, depth)
	}
	for i := 1; i <= n; i++ {
		w.c.charge(4)
		name := strconv.Itoa(i)
		if _, twice := values[name]; twice {
			return noJSON("has the key %s as a number and as a string", name)
		}
		keys = append(keys, name)
		values[name] = t.RawGetInt(i)
	}
	slices.Sort(keys)
	w.out = append(w.out, '{')
	for i, k := range keys {
		if i > 0 {
			w.out = append(w.out, ',')
		}
		w.newLine(depth + 1)
		if err := w.text(k); err != nil {
			return err.under(k)
		}
		if w.out = append(w.out, ':'); w.indent > 0 {
			w.out = append(w.out, ' ')
		}
		if err := w.value(values[k], depth+1); err != nil {
			return err.under(k)
		}
	}
	if len(keys) > 0 {
		w.newLine(depth)
	}
	w.out = append(w.out, '}')
	return nil
}

func (w *jsonWriter) array(t *lua.LTable, n, depth int) *pathError {
	w.out = append(w.out, '[')
	for i := 1; i <= n; i++ {
		if i > 1 {
			w.out = append(w.out, ',')
		}
		w.newLine(depth + 1)
		if err := w.value(t.RawGetInt(i), depth+1); err != nil {
			return err.under(i)
		}
	}
	if n > 0 {
		w.newLine(depth)
	}
	w.out = append(w.out, ']')
	return nil
}

// length is how many elements the table has as a list. Holes are null, as long as they are not most of it.
func (w *jsonWriter) length(t *lua.LTable) int {
	n, filled := t.Len(), 0
	w.c.charge(n / 16)
	for i := 1; i <= n; i++ {
		if t.RawGetInt(i) != lua.LNil {
			filled++
		}
	}
	if 2*filled < n || n > 0 && t.RawGetInt(1) == lua.LNil {
		return 0
	}
	return n
}

// kindOf names a host object.
func kindOf(u *lua.LUserData) string {
	switch u.Value.(type) {
	case *pduValue:
		return "a PDU"
	case *fromValue:
		return "a from handle"
	case *refValue:
		return "a reference to a bind"
	case *secretValue:
		return "a secret"
	}
	return "a host object"
}
