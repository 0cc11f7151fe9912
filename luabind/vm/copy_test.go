package vm

import (
	"maps"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	lua "github.com/yuin/gopher-lua"
	"pgregory.net/rapid"
)

// Whatever a script may hold as data comes out of a copy as it went in, and shares nothing with it.
func TestCopiesAreEqualAndApart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		L := lua.NewState(lua.Options{SkipOpenLibs: true})
		defer L.Close()
		v := someValue(t, L, 4)
		before := plainly(v)
		d, err := ToData(v, "state")
		if err != nil {
			t.Fatal(err)
		}
		other := lua.NewState(lua.Options{SkipOpenLibs: true})
		defer other.Close()
		back := FromData(other, d)
		if diff := cmp.Diff(before, plainly(back)); diff != "" {
			t.Fatalf("the copy is another:\n%s", diff)
		}
		again, err := ToData(back, "state")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(d, again); diff != "" {
			t.Fatalf("the copy of the copy is another:\n%s", diff)
		}
		spoil(back)
		if diff := cmp.Diff(before, plainly(v)); diff != "" {
			t.Fatalf("a change of the copy changes the original:\n%s", diff)
		}
		if diff := cmp.Diff(before, plainly(FromData(other, d))); diff != "" {
			t.Fatalf("a change of the copy changes the data:\n%s", diff)
		}
	})
}

func someScalar(t *rapid.T) lua.LValue {
	switch rapid.IntRange(0, 3).Draw(t, "kind") {
	case 0:
		return lua.LBool(rapid.Bool().Draw(t, "boolean"))
	case 1:
		return lua.LString(rapid.SliceOfN(rapid.Byte(), 0, 20).Draw(t, "octets"))
	case 2:
		return lua.LNumber(rapid.SampledFrom([]float64{0, 1, 2, 3, -1, 0.5, 1e300, math.Inf(1), math.MaxInt64}).Draw(t, "number"))
	}
	return lua.LNumber(rapid.IntRange(-5, 20).Draw(t, "integer"))
}

// someValue makes data: lists, lists with holes, tables whose keys are of all kinds, the same table in two places.
func someValue(t *rapid.T, L *lua.LState, depth int) lua.LValue {
	if depth == 0 || rapid.IntRange(0, 3).Draw(t, "scalar") == 0 {
		return someScalar(t)
	}
	table := L.NewTable()
	for range rapid.IntRange(0, 5).Draw(t, "list") {
		table.Append(someValue(t, L, depth-1))
	}
	for range rapid.IntRange(0, 5).Draw(t, "keys") {
		table.RawSet(someScalar(t), someValue(t, L, depth-1))
	}
	if rapid.Bool().Draw(t, "shared") {
		shared := someValue(t, L, depth-1)
		table.RawSetString("one", shared)
		table.RawSetString("other", shared)
	}
	if n := table.Len(); n > 0 && rapid.Bool().Draw(t, "hole") {
		table.RawSetInt(rapid.IntRange(1, n).Draw(t, "at"), lua.LNil)
	}
	return table
}

// plainly is a value for comparison.
func plainly(v lua.LValue) any {
	switch v := v.(type) {
	case lua.LBool:
		return bool(v)
	case lua.LNumber:
		return float64(v)
	case lua.LString:
		return string(v)
	case *lua.LTable:
		all := map[any]any{}
		v.ForEach(func(k, v lua.LValue) { all[plainly(k)] = plainly(v) })
		return all
	}
	return nil
}

func spoil(v lua.LValue) {
	t, ok := v.(*lua.LTable)
	if !ok {
		return
	}
	all := map[lua.LValue]lua.LValue{}
	t.ForEach(func(k, v lua.LValue) { all[k] = v })
	for _, k := range slices.Collect(maps.Keys(all)) {
		spoil(all[k])
		t.RawSet(k, lua.LString("spoiled"))
	}
	t.RawSetString("more", lua.LTrue)
}
