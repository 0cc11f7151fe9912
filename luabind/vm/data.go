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

	"github.com/esmehost/esmehost/diag"
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
	MaxShownKey  = 64      // of a key in the path of an error
)

type copier struct {
	size  int64
	limit int64
	above map[*lua.LTable]bool
	root  string
	keys  []Data      // that lead from the root to where the copier is
	l     *lua.LState // whose budget pays; nil: nobody's
}

// ToData copies a value out of its state. What cannot leave is an error with the path from root, such as
// "state.routes[3].fn is a function".
func ToData(v lua.LValue, root string) (Data, error) { return Copy(v, root, maxDataSize) }

// TakeData is ToData on behalf of a Go function that L runs: the script pays for it value by value.
func TakeData(L *lua.LState, v lua.LValue, root string) (Data, error) {
	c := &copier{limit: maxDataSize, above: map[*lua.LTable]bool{}, root: root, l: L}
	return c.copy(v)
}

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
	c := &copier{limit: limit, above: map[*lua.LTable]bool{}, root: root}
	return c.copy(v)
}

func (c *copier) copy(v lua.LValue) (Data, error) {
	if c.size += 16; c.size > c.limit {
		return nil, c.wrong("makes the value larger than %d octets", c.limit)
	}
	c.pay(v)
	switch v := v.(type) {
	case *lua.LNilType:
		return nil, nil
	case lua.LBool:
		return bool(v), nil
	case lua.LNumber:
		return float64(v), nil
	case lua.LString:
		if c.size += int64(len(v)); c.size > c.limit {
			return nil, c.wrong("makes the value larger than %d octets", c.limit)
		}
		return string(v), nil
	case *lua.LTable:
		return c.table(v)
	case *lua.LUserData:
		if o, ok := v.Value.(Opaque); ok {
			if sized, ok := v.Value.(Sized); ok {
				c.size += int64(sized.Size())
			}
			return o, nil
		}
	}
	return nil, c.wrong("is a %s", v.Type())
}

// pay charges for a value that is copied.
func (c *copier) pay(v lua.LValue) {
	if c.l == nil {
		return
	}
	n := 1
	if s, ok := v.(lua.LString); ok {
		n += len(s) / 32
	}
	Charge(c.l, n)
}

func (c *copier) table(t *lua.LTable) (Data, error) {
	switch {
	case c.above[t]:
		return nil, c.wrong("contains itself")
	case len(c.keys) >= maxDataDepth:
		return nil, c.wrong("is nested deeper than %d tables", maxDataDepth)
	case isSealed(t):
		return nil, c.wrong("is a module")
	}
	c.above[t] = true
	defer delete(c.above, t)
	in := inside(t)
	in.trim()
	out := &Table{}
	for i, v := range in.array {
		d, err := c.under(float64(i+1), v)
		if err != nil {
			return nil, err
		}
		out.Array = append(out.Array, d)
	}
	for k, v := range in.strdict {
		c.size += int64(len(k))
		if err := c.entry(out, k, v); err != nil {
			return nil, err
		}
	}
	for k, v := range in.dict {
		var key Data
		switch k := k.(type) {
		case lua.LBool:
			key = bool(k)
		case lua.LNumber:
			key = float64(k)
		default:
			return nil, c.wrong("has a %s as a key", k.Type())
		}
		if err := c.entry(out, key, v); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (c *copier) entry(out *Table, key Data, v lua.LValue) error {
	d, err := c.under(key, v)
	if err != nil {
		return err
	}
	if out.Hash == nil {
		out.Hash = map[Data]Data{}
	}
	out.Hash[key] = d
	return nil
}

// under copies the value of a key.
func (c *copier) under(key Data, v lua.LValue) (Data, error) {
	c.keys = append(c.keys, key)
	d, err := c.copy(v)
	c.keys = c.keys[:len(c.keys)-1]
	return d, err
}

// wrong says what cannot be copied, with its path.
func (c *copier) wrong(format string, args ...any) error {
	path := c.root
	for _, key := range c.keys {
		if s, ok := key.(string); ok {
			path += "." + diag.Shortened(s, MaxShownKey)
		} else {
			path += fmt.Sprintf("[%v]", key)
		}
	}
	return fmt.Errorf("%s %s", path, fmt.Sprintf(format, args...))
}

// GiveData is FromData on behalf of a Go function that L runs: the script pays for it value by value.
func GiveData(L *lua.LState, d Data) lua.LValue { return fromData(L, d, true) }

// FromData makes a value of the state of L.
func FromData(L *lua.LState, d Data) lua.LValue { return fromData(L, d, false) }

func fromData(L *lua.LState, d Data, pays bool) lua.LValue {
	if pays {
		Charge(L, 1)
	}
	switch d := d.(type) {
	case bool:
		return lua.LBool(d)
	case float64:
		return lua.LNumber(d)
	case string:
		return lua.LString(d)
	case *Table:
		if pays {
			ChargeMemory(L, sizeTable+sizeValue*len(d.Array)+(sizeEntry+sizeKey)*len(d.Hash))
		}
		t := L.CreateTable(len(d.Array), len(d.Hash))
		for i, v := range d.Array {
			t.RawSetInt(i+1, fromData(L, v, pays))
		}
		for k, v := range d.Hash {
			L.RawSet(t, fromData(L, k, pays), fromData(L, v, pays))
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
