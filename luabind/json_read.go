package luabind

import (
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	lua "github.com/yuin/gopher-lua"

	"github.com/esmehost/esmehost/luabind/vm"
)

// jsonReader reads JSON into Lua values.
type jsonReader struct {
	c    *call
	src  string
	dec  *json.Decoder
	drop bool // null is nil
}

func (r *jsonReader) read() (lua.LValue, error) {
	if at := notUTF8(r.src); at >= 0 { // the decoder would put other characters in its place
		return nil, r.wrongAt(at, "the text is no UTF-8")
	}
	r.dec = json.NewDecoder(strings.NewReader(r.src))
	r.dec.UseNumber()
	v, err := r.value(0)
	if err != nil {
		return nil, err
	}
	if _, err := r.dec.Token(); !errors.Is(err, io.EOF) {
		return nil, r.wrong("something follows the value")
	}
	return v, nil
}

// wrong says what is wrong and where reading had come to.
func (r *jsonReader) wrong(what string) error {
	return r.wrongAt(min(int(r.dec.InputOffset()), len(r.src)), what)
}

func notUTF8(s string) int {
	for i, c := range s {
		if c == utf8.RuneError {
			if _, n := utf8.DecodeRuneInString(s[i:]); n == 1 {
				return i
			}
		}
	}
	return -1
}

func (r *jsonReader) wrongAt(at int, what string) error {
	before := r.src[:at]
	line := strings.Count(before, "\n") + 1
	column := at - strings.LastIndexByte(before, '\n')
	return codeError("invalid_json", "line %d, column %d: %s", line, column, what)
}

func (r *jsonReader) failed(err error) error {
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		return r.wrong(syntax.Error())
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return r.wrong("the text ends too early")
	}
	return r.wrong(err.Error())
}

func (r *jsonReader) value(depth int) (lua.LValue, error) {
	t, err := r.dec.Token()
	if err != nil {
		return nil, r.failed(err)
	}
	return r.token(t, depth)
}

func (r *jsonReader) token(t json.Token, depth int) (lua.LValue, error) {
	r.c.charge(2)
	switch t := t.(type) {
	case nil:
		if r.drop {
			return lua.LNil, nil
		}
		return jsonNull, nil
	case bool:
		return lua.LBool(t), nil
	case string:
		vm.ChargeMemory(r.c.L, 32+len(t))
		return lua.LString(t), nil
	case json.Number:
		return jsonNumber(string(t)), nil
	case json.Delim:
		if depth >= maxJSONDepth {
			return nil, codeError("too_deep", "the value is nested deeper than %d", maxJSONDepth)
		}
		vm.ChargeMemory(r.c.L, 600) // a table costs more than others
		if t == '[' {
			return r.array(depth)
		}
		return r.object(depth)
	}
	return nil, r.wrong("cannot be read")
}

func (r *jsonReader) array(depth int) (lua.LValue, error) {
	t := r.c.L.NewTable()
	t.Metatable = arrayMeta
	for r.dec.More() {
		v, err := r.value(depth + 1)
		if err != nil {
			return nil, err
		}
		if v != lua.LNil {
			t.Append(v)
		}
	}
	_, err := r.dec.Token()
	if err != nil {
		return nil, r.failed(err)
	}
	return t, nil
}

func (r *jsonReader) object(depth int) (lua.LValue, error) {
	t := r.c.L.NewTable()
	for r.dec.More() {
		k, err := r.dec.Token()
		if err != nil {
			return nil, r.failed(err)
		}
		key, ok := k.(string)
		if !ok {
			return nil, r.wrong("a key must be a string")
		}
		v, err := r.value(depth + 1)
		if err != nil {
			return nil, err
		}
		t.RawSetString(key, v)
	}
	if _, err := r.dec.Token(); err != nil {
		return nil, r.failed(err)
	}
	return t, nil
}

// jsonNumber is a number, or the digits of a whole one that no number of Lua can hold.
func jsonNumber(s string) lua.LValue {
	f, err := strconv.ParseFloat(s, 64)
	whole := !strings.ContainsAny(s, ".eE")
	if n, wrong := strconv.ParseInt(s, 10, 64); whole && (wrong != nil || n > 1<<53 || n < -1<<53) || err != nil {
		return lua.LString(s)
	}
	return lua.LNumber(f)
}
