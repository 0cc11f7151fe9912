package luabind

import (
	"math"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/esmehost/esmehost/diag"
)

// luaType is the type of an argument, an option or a result: it checks, and says what it is.
type luaType struct {
	what     string // completes "must be ..."
	editor   string // as LuaLS writes it
	optional bool
	is       func(v lua.LValue) bool

	keys []param // of a table: the keys that it may have
	open bool    // it may have others too, which the function looks at itself
}

func basic(what, editor string, types ...lua.LValueType) luaType {
	return luaType{what: what, editor: editor, is: func(v lua.LValue) bool {
		for _, t := range types {
			if v.Type() == t {
				return true
			}
		}
		return false
	}}
}

// userType is a userdata that holds a T.
func userType[T any](what, editor string) luaType {
	return luaType{what: what, editor: editor, is: func(v lua.LValue) bool {
		u, ok := v.(*lua.LUserData)
		if !ok {
			return false
		}
		_, ok = u.Value.(T)
		return ok
	}}
}

var (
	anyType      = luaType{what: "anything", editor: "any", is: func(lua.LValue) bool { return true }}
	dataType     = luaType{what: "data: nil, booleans, numbers, strings, tables of them, PDUs", editor: "any", is: anyType.is} // checked when it is copied
	stringType   = basic("a string", "string", lua.LTString)
	numberType   = basic("a number", "number", lua.LTNumber)
	booleanType  = basic("a boolean", "boolean", lua.LTBool)
	tableType    = basic("a table", "table", lua.LTTable)
	functionType = basic("a function", "function", lua.LTFunction)
	integerType  = luaType{what: "a whole number", editor: "integer", is: func(v lua.LValue) bool {
		n, ok := v.(lua.LNumber)
		return ok && float64(n) == math.Trunc(float64(n)) && math.Abs(float64(n)) <= 1<<53
	}}
	countType = luaType{what: "a whole number from 0", editor: "integer", is: func(v lua.LValue) bool {
		n, ok := v.(lua.LNumber)
		return ok && n >= 0 && integerType.is(v)
	}}
	durationType = luaType{what: `a duration: seconds, or "250ms", "5s", "2m", "1h"`, editor: "duration", is: func(v lua.LValue) bool { _, ok := duration(v); return ok }}
	pduType      = userType[*pduValue]("a PDU", "PDU")
	pduOrTable   = luaType{what: "a PDU", editor: "PDU|PDUFields", is: func(v lua.LValue) bool { return v.Type() == lua.LTTable || pduType.is(v) }}
	fromType     = userType[*fromValue]("a from handle", "From")
	errorType    = tableNamed("an error", "Error")
	targetType   = luaType{what: "the name of a bind, or what esme.whereis returned", editor: "string|Bind", is: func(v lua.LValue) bool {
		return v.Type() == lua.LTString || userType[*refValue]("", "").is(v)
	}}
)

func optional(t luaType) luaType { t.optional = true; return t }

// tableNamed is a table that editors know by a name.
func tableNamed(what, editor string) luaType { return basic(what, editor, lua.LTTable) }

// listOf is a list; its elements are looked at by the function.
func listOf(t luaType) luaType {
	return basic("a list", t.editor+"[]", lua.LTTable)
}

// oneOf is one of these words.
func oneOf(words ...string) luaType {
	quoted := `"` + strings.Join(words, `"|"`) + `"`
	return luaType{what: "one of " + strings.ReplaceAll(quoted, "|", ", "), editor: quoted, is: func(v lua.LValue) bool {
		s, ok := v.(lua.LString)
		for _, w := range words {
			if ok && string(s) == w {
				return true
			}
		}
		return false
	}}
}

// options is a table with these keys and no other; all keys whose type is not optional must be there.
func options(keys ...param) luaType {
	t := basic("a table", "table", lua.LTTable)
	t.keys = keys
	return t
}

// fieldsAnd is a table that may have other keys too: the function looks at them.
func fieldsAnd(keys ...param) luaType {
	t := options(keys...)
	t.open = true
	return t
}

// duration reads seconds, or a text such as "250ms".
func duration(v lua.LValue) (time.Duration, bool) {
	switch v := v.(type) {
	case lua.LNumber:
		if f := float64(v); f >= 0 && f < math.MaxInt64/1e9 {
			return time.Duration(f * float64(time.Second)), true
		}
	case lua.LString:
		if len(v) > 40 {
			return 0, false
		}
		if d, err := time.ParseDuration(string(v)); err == nil && d >= 0 {
			return d, true
		}
	}
	return 0, false
}

func didYouMean(name string, known []string) string {
	if len(name) > 64 {
		name = name[:64] // the distance is counted letter by letter
	}
	return diag.DidYouMean(name, known)
}
