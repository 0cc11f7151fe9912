package vm

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"

	lua "github.com/yuin/gopher-lua"
)

// Data is what may leave a state: nil, bool, float64, string, *Table, or an [Opaque] of the host. It is
// a copy, and immutable.
type Data any

// Table is a Lua table as Data: the values of 1..n, and the rest by key.
type Table struct {
	Array []Data
	Hash  map[Data]Data // keys are bool, float64 or string
}

// Opaque is a host value that may go from state to state. Into gives its value in the state of L.
type Opaque interface {
	Into(L *lua.LState) lua.LValue
}

// Bounds of one copy.
const (
	maxDataDepth = 64
	maxDataSize  = 1 << 20 // octets of strings, and 16 for every value
)

type copier struct {
	size  int64
	limit int64
	above map[*lua.LTable]bool
}

// ToData copies a value out of its state. What cannot leave is an error with the path from root, such as
// "state.routes[3].fn is a function".
func ToData(v lua.LValue, root string) (Data, error) { return Copy(v, root, maxDataSize) }

// Copy is ToData with another bound than 1 MiB, in octets of strings and 16 for every value.
func Copy(v lua.LValue, root string, limit int64) (Data, error) {
	switch v := v.(type) { // what needs no copier
	case *lua.LNilType:
		return nil, nil
	case lua.LBool:
		return bool(v), nil
	case lua.LNumber:
		return float64(v), nil
	}
	c := &copier{limit: limit, above: map[*lua.LTable]bool{}}
	return c.copy(v, root, 0)
}

func (c *copier) copy(v lua.LValue, path string, depth int) (Data, error) {
	if c.size += 16; c.size > c.limit {
		return nil, fmt.Errorf("%s makes the value larger than %d octets", path, c.limit)
	}
	switch v := v.(type) {
	case *lua.LNilType:
		return nil, nil
	case lua.LBool:
		return bool(v), nil
	case lua.LNumber:
		return float64(v), nil
	case lua.LString:
		c.size += int64(len(v))
		return string(v), nil
	case *lua.LTable:
		return c.table(v, path, depth)
	case *lua.LUserData:
		if o, ok := v.Value.(Opaque); ok {
			return o, nil
		}
	}
	return nil, fmt.Errorf("%s is a %s", path, v.Type())
}

func (c *copier) table(t *lua.LTable, path string, depth int) (Data, error) {
	switch {
	case c.above[t]:
		return nil, fmt.Errorf("%s contains itself", path)
	case depth >= maxDataDepth:
		return nil, fmt.Errorf("%s is nested deeper than %d tables", path, maxDataDepth)
	case isSealed(t):
		return nil, fmt.Errorf("%s is a module", path)
	}
	c.above[t] = true
	defer delete(c.above, t)
	out := &Table{}
	n := t.Len()
	for i := 1; i <= n; i++ {
		d, err := c.copy(t.RawGetInt(i), fmt.Sprintf("%s[%d]", path, i), depth+1)
		if err != nil {
			return nil, err
		}
		out.Array = append(out.Array, d)
	}
	var err error
	t.ForEach(func(k, v lua.LValue) {
		if i, ok := k.(lua.LNumber); ok && i >= 1 && float64(i) <= float64(n) && i == lua.LNumber(int(i)) || err != nil {
			return
		}
		var key, d Data
		if key, err = c.key(k, path); err != nil {
			return
		}
		if d, err = c.copy(v, step(path, key), depth+1); err != nil {
			return
		}
		if out.Hash == nil {
			out.Hash = map[Data]Data{}
		}
		out.Hash[key] = d
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (c *copier) key(k lua.LValue, path string) (Data, error) {
	switch k := k.(type) {
	case lua.LBool:
		return bool(k), nil
	case lua.LNumber:
		return float64(k), nil
	case lua.LString:
		c.size += int64(len(k))
		return string(k), nil
	}
	return nil, fmt.Errorf("%s has a %s as a key", path, k.Type())
}

func step(path string, key Data) string {
	if s, ok := key.(string); ok {
		return path + "." + s
	}
	return fmt.Sprintf("%s[%v]", path, key)
}

// FromData makes a value of the state of L.
func FromData(L *lua.LState, d Data) lua.LValue {
	switch d := d.(type) {
	case bool:
		return lua.LBool(d)
	case float64:
		return lua.LNumber(d)
	case string:
		return lua.LString(d)
	case *Table:
		t := L.CreateTable(len(d.Array), len(d.Hash))
		for i, v := range d.Array {
			t.RawSetInt(i+1, FromData(L, v))
		}
		for k, v := range d.Hash {
			L.RawSet(t, FromData(L, k), FromData(L, v))
		}
		return t
	case Opaque:
		return d.Into(L)
	}
	return lua.LNil
}

// FromGo makes Data of what a YAML or JSON decoder gives. Whole and broken numbers become numbers.
func FromGo(v any) (Data, error) {
	switch v := v.(type) {
	case nil, bool, string, float64:
		return v, nil
	case int:
		return float64(v), nil
	case int64:
		return float64(v), nil
	case uint64:
		return float64(v), nil
	case json.Number:
		return v.Float64()
	case []any:
		t := &Table{}
		for i, x := range v {
			d, err := FromGo(x)
			if err != nil {
				return nil, fmt.Errorf("[%d]: %w", i+1, err)
			}
			t.Array = append(t.Array, d)
		}
		return t, nil
	case map[string]any:
		t := &Table{Hash: map[Data]Data{}}
		for k, x := range v {
			d, err := FromGo(x)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", k, err)
			}
			if d != nil {
				t.Hash[k] = d
			}
		}
		return t, nil
	}
	return nil, fmt.Errorf("%T cannot become a Lua value", v)
}

// ParseJSON reads one JSON value; null becomes nil.
func ParseJSON(src []byte) (Data, error) {
	dec := json.NewDecoder(bytes.NewReader(src))
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, err
	}
	if dec.More() {
		return nil, fmt.Errorf("there is more than one JSON value")
	}
	return FromGo(v)
}

// JSON writes d. A table with only the keys 1..n is an array, any other an object, the empty one {}.
func JSON(d Data) ([]byte, error) { return appendJSON(nil, d) }

func appendJSON(b []byte, d Data) ([]byte, error) {
	switch d := d.(type) {
	case nil:
		return append(b, "null"...), nil
	case float64:
		if math.IsNaN(d) || math.IsInf(d, 0) {
			return nil, fmt.Errorf("%v has no JSON form", d)
		}
		if d == math.Trunc(d) && math.Abs(d) < 1e15 {
			return strconv.AppendInt(b, int64(d), 10), nil
		}
		return strconv.AppendFloat(b, d, 'g', -1, 64), nil
	case *Table:
		if len(d.Hash) == 0 && len(d.Array) > 0 {
			return appendArray(b, d.Array)
		}
		return appendObject(b, d)
	case bool, string:
		j, err := json.Marshal(d)
		return append(b, j...), err
	case fmt.Stringer:
		j, err := json.Marshal(d.String())
		return append(b, j...), err
	}
	return nil, fmt.Errorf("%T has no JSON form", d)
}

func appendArray(b []byte, array []Data) (_ []byte, err error) {
	b = append(b, '[')
	for i, v := range array {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = appendJSON(b, v); err != nil {
			return nil, err
		}
	}
	return append(b, ']'), nil
}

func appendObject(b []byte, t *Table) (_ []byte, err error) {
	fields := map[string]Data{}
	for i, v := range t.Array {
		fields[strconv.Itoa(i+1)] = v
	}
	for k, v := range t.Hash {
		name := fmt.Sprint(k)
		if f, ok := k.(float64); ok {
			name = numberString(lua.LNumber(f))
		}
		fields[name] = v
	}
	b = append(b, '{')
	for i, k := range slices.Sorted(maps.Keys(fields)) {
		if i > 0 {
			b = append(b, ',')
		}
		name, _ := json.Marshal(k)
		b = append(append(b, name...), ':')
		if b, err = appendJSON(b, fields[k]); err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}
