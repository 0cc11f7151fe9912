package vm

import (
	"unsafe"

	lua "github.com/yuin/gopher-lua"
)

// Two instructions of the machine take as long, and as much memory, as a script likes: an assignment far
// behind the end of a list fills what lies between (16 MiB, and four times that on the way), and # searches
// the end of a list whose end is empty. Both are charged before they happen, and the list is made in one piece.

// costly marks them by the number of their opcode.
const costly = 1<<lua.OP_SETTABLE | 1<<lua.OP_LEN

// listGrows is how many elements a list must have for its growth to count while it happens.
const listGrows = 1 << 12

// foresee looks at the instruction that f is about to run.
func (b *budget) foresee(f *frameInside, inst uint32) {
	array, _ := registers(b.thread)
	switch int(inst >> 26) {
	case lua.OP_SETTABLE:
		key := operand(f, array, inst&0x1ff)
		if n, ok := key.(lua.LNumber); ok && n > listGrows {
			b.extends(array[f.LocalBase+int(inst>>18&0xff)], n)
		}
	case lua.OP_LEN:
		if t, ok := operand(f, array, inst&0x1ff).(*lua.LTable); ok {
			if a := inside(t).array; len(a) > 0 && a[len(a)-1] == lua.LNil {
				b.charge(inside(t).trim() / 8)
			}
		}
	}
}

// operand is a register or a constant, as the machine numbers them.
func operand(f *frameInside, array []lua.LValue, i uint32) lua.LValue {
	if i >= 256 {
		return f.Fn.Proto.Constants[i-256]
	}
	return array[f.LocalBase+int(i)]
}

// extends charges for object[key] = value where that makes a list longer.
func (b *budget) extends(object lua.LValue, key lua.LNumber) {
	for range lua.MaxTableGetLoop {
		t, ok := object.(*lua.LTable)
		if !ok {
			return
		}
		if m, ok := t.Metatable.(*lua.LTable); ok && t.RawGet(key) == lua.LNil {
			if object = m.RawGetString("__newindex"); object != lua.LNil {
				continue
			}
		}
		b.extend(inside(t), key)
		return
	}
}

// extend makes room for a key of a list, or trips.
func (b *budget) extend(t *tableInside, key lua.LNumber) {
	n, length := int(key), len(t.array)
	if n <= length || n >= lua.MaxArrayIndex || key != lua.LNumber(n) {
		return
	}
	if n > cap(t.array) {
		grown := cap(t.array) + cap(t.array)/4 // as append does, roughly
		if n > length+1 {
			grown = n
		}
		b.remember(grown * sizeValue)
		if b.tripped != "" {
			return
		}
		if n > length+1 {
			t.array = append(make([]lua.LValue, 0, n), t.array...)
		}
	}
	if n > length+1 {
		b.charge((n - length) * sizeValue / 32)
	}
}

// trim cuts the empty end of a list off, and returns how long that was.
func (t *tableInside) trim() int {
	n := len(t.array)
	last := n
	for last > 0 && t.array[last-1] == lua.LNil {
		last--
	}
	t.array = t.array[:last]
	return n - last
}

// runsOn notes which thread the machine runs.
func (b *budget) runsOn(th *lua.LState) {
	b.thread = th
	b.frame = (**frameInside)(unsafe.Add(unsafe.Pointer(th), offsets.frame))
}
