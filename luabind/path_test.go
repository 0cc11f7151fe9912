package luabind

import (
	"runtime"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"

	"github.com/esmehost/esmehost/luabind/vm"
)

// The path that an error would name costs nothing while there is none: with a long key above many elements it
// would be gigabytes.
func TestPathsOfErrorsCostNothing(t *testing.T) {
	L := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer L.Close()
	top, list := L.NewTable(), L.NewTable()
	for i := range 20_000 {
		list.Append(lua.LNumber(i))
	}
	key := strings.Repeat("k", 500_000)
	top.RawSetString(key, list)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := vm.ToData(top, "state"); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if made := after.TotalAlloc - before.TotalAlloc; made > 20<<20 {
		t.Errorf("copying it made %d octets", made)
	}
	list.Append(L.NewFunction(func(*lua.LState) int { return 0 }))
	_, err := vm.ToData(top, "state")
	if want := "state." + key[:64] + " ... (500000 octets)[20001] is a function"; err == nil || err.Error() != want {
		t.Errorf("got %.200v", err)
	}
}
