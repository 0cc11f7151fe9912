package luabind

import (
	"encoding/json"
	"math"
	"reflect"
	"strconv"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"
)

// plainJSON is a value that was read, as encoding/json gives it: with numbers as they were written.
func plainJSON(v lua.LValue) any {
	switch v := v.(type) {
	case lua.LBool:
		return bool(v)
	case lua.LNumber:
		return float64(v)
	case lua.LString:
		return string(v)
	case *lua.LTable:
		if v.Metatable == arrayMeta {
			list := []any{}
			v.ForEach(func(_, x lua.LValue) { list = append(list, plainJSON(x)) })
			return list
		}
		object := map[string]any{}
		v.ForEach(func(k, x lua.LValue) { object[k.String()] = plainJSON(x) })
		return object
	}
	return nil // json.null
}

// asRead does to what encoding/json gives what json.decode promises about numbers.
func asRead(v any) any {
	switch v := v.(type) {
	case json.Number:
		f, err := v.Float64()
		whole := !strings.ContainsAny(v.String(), ".eE")
		if n, wrong := strconv.ParseInt(v.String(), 10, 64); err != nil || whole && (wrong != nil || math.Abs(float64(n)) > 1<<53) {
			return v.String()
		}
		return f
	case []any:
		for i := range v {
			v[i] = asRead(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = asRead(v[k])
		}
	}
	return v
}

// FuzzJSON compares what scripts read with what Go's decoder reads.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{`{"a":[1,-0.5e3,true,null,"x\n\u00fc\ud83d\ude00\ud800z"],"a":{}}`, "[1,]", `"\x"`, `"\u+123"`, "01", "-", "1e", " \t\r\n1 ", `{"a" 1}`, "[[", "\"\x01\"", "tru", "truex",
		"12345678901234567890", "1e400", "\"\xff\"", `"\ud83d\u0041"`, `{"":0,}`, "nullnull"} {
		f.Add(s)
	}
	prog, bad := CompileFrom(func(string) ([]byte, error) { return []byte("return { init = function() end }"), nil }, "main.lua")
	if len(bad) > 0 {
		f.Fatal(bad)
	}
	g, err := newGeneration(NewBind(Options{Name: "test"}, prog), nil, 1, prog)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(g.vm.Close)
	f.Fuzz(func(t *testing.T, text string) {
		g.vm.Lock()
		defer g.vm.Unlock()
		var got lua.LValue
		var wrong error
		read := &lua.LFunction{IsG: true, GFunction: func(L *lua.LState) int {
			r := jsonReader{c: &call{L: L}, src: text}
			got, wrong = r.read()
			return 0
		}}
		if _, err := g.vm.Call(read, 0); err != nil {
			t.Skip(err) // a limit
		}
		var want any
		dec := json.NewDecoder(strings.NewReader(text))
		dec.UseNumber()
		valid := json.Valid([]byte(text))
		if valid {
			dec.Decode(&want)
		}
		switch {
		case wrong != nil && (strings.Contains(wrong.Error(), "no UTF-8") || strings.Contains(wrong.Error(), "deeper") || strings.Contains(wrong.Error(), "characters, at most")):
		case (wrong == nil) != valid:
			t.Fatalf("%q: %v; encoding/json: %v", text, wrong, valid)
		case valid && !reflect.DeepEqual(plainJSON(got), asRead(want)):
			t.Fatalf("%q is %v; encoding/json: %v", text, plainJSON(got), asRead(want))
		}
	})
}
