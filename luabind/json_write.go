package luabind

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"

	lua "github.com/yuin/gopher-lua"

	"github.com/esmehost/esmehost/luabind/vm"
)

// jsonWriter writes a Lua value as JSON.
type jsonWriter struct {
	c   *call
	out []byte
	bad string // path of a string that is no text
}

// value reports false when a string is no UTF-8.
func (w *jsonWriter) value(v lua.LValue, path string, depth int) bool {
	w.c.charge(1)
	switch v := v.(type) {
	case *lua.LNilType:
		w.out = append(w.out, "null"...)
	case lua.LBool:
		w.out = strconv.AppendBool(w.out, bool(v))
	case lua.LNumber:
		w.number(float64(v), path)
	case lua.LString:
		return w.text(string(v), path)
	case *lua.LTable:
		return w.table(v, path, depth)
	default:
		u, ok := v.(*lua.LUserData)
		switch {
		case ok && u == jsonNull:
			w.out = append(w.out, "null"...)
		case ok:
			w.c.raise("%s is %s, which has no JSON form: choose what of it to send", path, kindOf(u))
		default:
			w.c.raise("%s is a %s, which has no JSON form", path, v.Type())
		}
	}
	return true
}

func (w *jsonWriter) number(f float64, path string) {
	switch {
	case math.IsNaN(f) || math.IsInf(f, 0):
		w.c.raise("%s is %v, which has no JSON form", path, f)
	case f == math.Trunc(f) && math.Abs(f) <= 1<<53:
		w.out = strconv.AppendInt(w.out, int64(f), 10)
	default:
		w.out = strconv.AppendFloat(w.out, f, 'g', -1, 64)
	}
}

func (w *jsonWriter) text(s, path string) bool {
	if len(w.out)+len(s) > vm.MaxString {
		w.c.raise("the text would be longer than %d octets", vm.MaxString)
	}
	w.c.charge(len(s) / 32)
	if !utf8.ValidString(s) {
		w.bad = path
		return false
	}
	plain := true
	for i := 0; i < len(s) && plain; i++ {
		plain = s[i] >= ' ' && s[i] != '"' && s[i] != '\\' && s[i] < 0x7F
	}
	if plain {
		w.out = append(append(append(w.out, '"'), s...), '"')
		return true
	}
	j, err := json.Marshal(s)
	if err != nil {
		w.c.raise("%s: %v", path, err)
	}
	w.out = append(w.out, unescapeHTML(j)...)
	return true
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

func (w *jsonWriter) table(t *lua.LTable, path string, depth int) bool {
	if depth >= maxJSONDepth {
		w.c.raise("%s is nested deeper than %d tables, or contains itself", shortPath(path), maxJSONDepth)
	}
	n := w.length(t)
	var keys []string
	values := map[string]lua.LValue{}
	t.ForEach(func(k, v lua.LValue) {
		if i, ok := k.(lua.LNumber); ok && i >= 1 && int(i) <= n && lua.LNumber(int(i)) == i {
			return
		}
		w.c.charge(4)
		name := ""
		switch k.(type) {
		case lua.LString, lua.LNumber:
			name = lua.LVAsString(k)
		default:
			w.c.raise("%s has a %s as a key, which has no JSON form", path, k.Type())
		}
		keys = append(keys, name)
		values[name] = v
	})
	if len(keys) == 0 && (n > 0 || t.Metatable == arrayMeta) {
		w.out = append(w.out, '[')
		for i := 1; i <= n; i++ {
			if i > 1 {
				w.out = append(w.out, ',')
			}
			if !w.value(t.RawGetInt(i), fmt.Sprintf("%s[%d]", path, i), depth+1) {
				return false
			}
		}
		w.out = append(w.out, ']')
		return true
	}
	for i := 1; i <= n; i++ {
		w.c.charge(4)
		name := strconv.Itoa(i)
		if _, twice := values[name]; twice {
			w.c.raise("%s has the key %s as a number and as a string", path, name)
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
		if !w.text(k, path+"."+k) {
			return false
		}
		w.out = append(w.out, ':')
		if !w.value(values[k], path+"."+k, depth+1) {
			return false
		}
	}
	w.out = append(w.out, '}')
	return true
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

// shortPath is the path of what is nested too deep, as far as a person will read.
func shortPath(path string) string {
	if len(path) > 80 {
		return path[:80] + "..."
	}
	return path
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
