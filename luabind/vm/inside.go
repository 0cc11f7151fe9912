package vm

import (
	"fmt"
	"reflect"
	"unsafe"

	lua "github.com/yuin/gopher-lua"
)

// What the machine keeps to itself and we must see all the same: the keys of a table, which it never
// forgets (upstream #214), and the registers of a thread, which hold values that nothing else does. The
// layouts are compared with the machine's when the program starts, so that another version of it cannot
// be taken for this one.

// tableInside is lua.LTable.
type tableInside struct {
	Metatable lua.LValue
	array     []lua.LValue
	dict      map[lua.LValue]lua.LValue
	strdict   map[string]lua.LValue
	keys      []lua.LValue // in the order in which they came; deleted ones too
	k2i       map[lua.LValue]int
}

func inside(t *lua.LTable) *tableInside { return (*tableInside)(unsafe.Pointer(t)) }

// registryInside is the beginning of a thread's registers.
type registryInside struct {
	array []lua.LValue
	top   int
}

// frameInside is the beginning of a call frame.
type frameInside struct {
	Idx       int
	Fn        *lua.LFunction
	Parent    unsafe.Pointer
	Pc        int
	Base      int
	LocalBase int
}

// stackInside is a stack of call frames that grows.
type stackInside struct {
	segments []unsafe.Pointer // each of framesPerSegment frames
	segIdx   uint16
	segSp    uint8
}

const framesPerSegment = 8

var offsets struct{ registry, stack, frame, frameSize uintptr }

func init() {
	if err := checkLayouts(); err != nil {
		panic(err)
	}
}

// checkLayouts finds the private fields, or says that this is not the version of the machine that we know.
func checkLayouts() error {
	known, found := reflect.TypeFor[tableInside](), reflect.TypeFor[lua.LTable]()
	if err := sameLayout(known, found, found.NumField()); err != nil {
		return err
	}
	state := reflect.TypeFor[lua.LState]()
	for name, at := range map[string]*uintptr{"reg": &offsets.registry, "stack": &offsets.stack, "currentFrame": &offsets.frame} {
		f, ok := state.FieldByName(name)
		if !ok {
			return fmt.Errorf("this version of gopher-lua is not known: LState has no %s", name)
		}
		*at = f.Offset
	}
	reg, _ := state.FieldByName("reg")
	frame, _ := state.FieldByName("currentFrame")
	offsets.frameSize = frame.Type.Elem().Size()
	if err := sameLayout(reflect.TypeFor[registryInside](), reg.Type.Elem(), 2); err != nil {
		return err
	}
	if lua.FramesPerSegment != framesPerSegment {
		return fmt.Errorf("this version of gopher-lua is not known: %d frames a segment", lua.FramesPerSegment)
	}
	return sameLayout(reflect.TypeFor[frameInside](), frame.Type.Elem(), 6)
}

func sameLayout(known, found reflect.Type, fields int) error {
	for i := range fields {
		k, f := known.Field(i), found.Field(i)
		if k.Name != f.Name || k.Offset != f.Offset || k.Type.String() != f.Type.String() && f.Type.Kind() != reflect.Pointer {
			return fmt.Errorf("this version of gopher-lua is not known: %s.%s is %s", found, f.Name, f.Type)
		}
	}
	return nil
}

// registers returns those of a thread; what lies beyond the second result is not in use.
func registers(L *lua.LState) ([]lua.LValue, int) {
	r := *(**registryInside)(unsafe.Add(unsafe.Pointer(L), offsets.registry))
	return r.array, r.top
}

// calledByLua reports whether every function that the thread is in was called by a call in Lua, and none by
// Go: as a metamethod or an iterator.
func calledByLua(L *lua.LState) bool {
	f := *(**frameInside)(unsafe.Add(unsafe.Pointer(L), offsets.frame))
	for p := (*frameInside)(f.Parent); p != nil; p = (*frameInside)(p.Parent) {
		if p.Fn.IsG {
			return false
		}
		if op := int(p.Fn.Proto.Code[p.Pc-1] >> 26); op != lua.OP_CALL && op != lua.OP_TAILCALL {
			return false
		}
	}
	return true
}

// frames is how deep the calls of a thread are nested.
func frames(L *lua.LState) int {
	f := *(**frameInside)(unsafe.Add(unsafe.Pointer(L), offsets.frame))
	if f == nil {
		return 0
	}
	return f.Idx + 1
}

// eachFrame visits the functions that a thread is in the middle of: one that never ran has none in its
// registers.
func eachFrame(L *lua.LState, visit func(lua.LValue)) {
	stack := (*[2]unsafe.Pointer)(unsafe.Add(unsafe.Pointer(L), offsets.stack))[1] // the data of the interface
	s := (*stackInside)(stack)
	for i := 0; i <= int(s.segIdx) && i < len(s.segments) && s.segments[i] != nil; i++ {
		n := framesPerSegment
		if i == int(s.segIdx) {
			n = int(s.segSp)
		}
		for j := range n {
			if f := (*frameInside)(unsafe.Add(s.segments[i], uintptr(j)*offsets.frameSize)); f.Fn != nil {
				visit(f.Fn)
			}
		}
	}
}

// mapSlots is how many entries a map has room for: those of a table that once was large stay.
func mapSlots[K comparable, V any](m map[K]V) int {
	n := len(m)
	if m == nil || n > 8 || !mapsKnown || isSmall(m) {
		return max(n, min(8, n*8))
	}
	return 64
}

// isSmall reports whether a map is one group of 8: Go's map then has no directory.
func isSmall[K comparable, V any](m map[K]V) bool {
	h := *(**struct {
		used, seed uint64
		dir        unsafe.Pointer
		dirLen     int
	})(unsafe.Pointer(&m))
	return h == nil || h.dirLen == 0
}

// mapsKnown says that isSmall understands this version of Go; where it does not, sizes are told too small.
var mapsKnown = unsafe.Sizeof(uintptr(0)) == 8 &&
	isSmall(make(map[string]lua.LValue, 1)) && !isSmall(make(map[string]lua.LValue, 32)) && !isSmall(make(map[lua.LValue]lua.LValue, 500))
