package vm

import (
	"unsafe"

	lua "github.com/yuin/gopher-lua"
)

// Two instructions of the machine take as long, and as much memory, as a script likes: an assignment far
// behind the end of a list fills what lies between (16 MiB, and four times that on the way), and # searches
// the end of a list whose end is empty. Both are charged before they happen, and the list is made in one piece.

// A comparison of two strings takes as long as what they have in common, and arithmetic with a string as long as it
// takes to read it; they are charged too.

// costly marks the instructions that are looked at, by the number of their opcode: these, and those that make the state
// larger.
const costly uint64 = 1<<lua.OP_SETTABLE | 1<<lua.OP_LEN | 1<<lua.OP_LT | 1<<lua.OP_LE |
	1<<lua.OP_NEWTABLE | 1<<lua.OP_SETTABLEKS | 1<<lua.OP_CLOSURE | 1<<lua.OP_CALL | 1<<lua.OP_TAILCALL

// costlyText marks those that are looked at too once a state has had a huge text: few states ever have, and these
// instructions are most of all.
const costlyText uint64 = 1<<lua.OP_EQ | 1<<lua.OP_ADD | 1<<lua.OP_SUB | 1<<lua.OP_MUL | 1<<lua.OP_DIV | 1<<lua.OP_MOD | 1<<lua.OP_POW | 1<<lua.OP_UNM

// hugeText is how long a text must be for that.
const hugeText = 32 << 10

// What instructions may add to a state, in octets. A table that is made without a size gets room for 32 keys with the
// first one; a key in a large table may be what doubles it; a Go function makes no more than a small value without
// saying so (ChargeMemory).
const (
	growsBare = 2048
	growsKey  = 96
	growsCall = 256
)

// listGrows is how many elements a list must have for its growth to count while it happens.
const listGrows = 1 << 12

// foresee looks at the instruction that f is about to run.
func (b *budget) foresee(f *frameInside, inst uint32) {
	switch int(inst >> 26) {
	case lua.OP_CALL, lua.OP_TAILCALL, lua.OP_CLOSURE:
		b.grew += growsCall
	case lua.OP_SETTABLEKS:
		b.grew += growsKey
	case lua.OP_NEWTABLE:
		b.grew += growsBare
	case lua.OP_LT, lua.OP_LE:
		array, _ := registers(b.thread)
		if x, ok := operand(f, array, inst&0x1ff).(lua.LString); ok && len(x) > longText {
			if y, ok := operand(f, array, inst>>9&0x1ff).(lua.LString); ok {
				b.charge(common(string(x), string(y)) / 2)
			}
		}
	case lua.OP_EQ:
		array, _ := registers(b.thread)
		if x, ok := operand(f, array, inst&0x1ff).(lua.LString); ok && len(x) > hugeText {
			if y, ok := operand(f, array, inst>>9&0x1ff).(lua.LString); ok && len(x) == len(y) {
				b.charge(len(x) / 32)
			}
		}
	case lua.OP_UNM:
		b.readsNumber(f, inst&0x1ff)
	case lua.OP_ADD, lua.OP_SUB, lua.OP_MUL, lua.OP_DIV, lua.OP_MOD, lua.OP_POW:
		b.readsNumber(f, inst&0x1ff)
		b.readsNumber(f, inst>>9&0x1ff)
	case lua.OP_SETTABLE:
		b.grew += growsKey
		array, _ := registers(b.thread)
		key := operand(f, array, inst&0x1ff)
		if n, ok := key.(lua.LNumber); ok && n > listGrows {
			b.extends(array[f.LocalBase+int(inst>>18&0xff)], n)
		}
	case lua.OP_LEN:
		array, _ := registers(b.thread)
		if t, ok := operand(f, array, inst&0x1ff).(*lua.LTable); ok {
			if a := inside(t).array; len(a) > 0 && a[len(a)-1] == lua.LNil {
				b.charge(inside(t).trim() / 8)
			}
		}
	}
}

// readsNumber charges for an operand that is a text to be read as a number.
func (b *budget) readsNumber(f *frameInside, i uint32) {
	array, _ := registers(b.thread)
	if x, ok := operand(f, array, i).(lua.LString); ok && len(x) > hugeText {
		b.charge(len(x))
	}
}

// longText is how long strings must be for their comparison to count: an instruction takes as long.
const longText = 64

// common is how many octets two strings have in common at their beginning, to 256.
func common(x, y string) int {
	n := min(len(x), len(y))
	for at := 0; at < n; at += 256 {
		if end := min(at+256, n); x[at:end] != y[at:end] {
			return at
		}
	}
	return n
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

// largeStack is how many values a thread may have room for before that counts as growth.
const largeStack = 1024

// sawStack counts the stack of a thread that waits, or has stopped. Nothing else tells that it grew; the walk looks closer.
func (b *budget) sawStack(th *lua.LState) {
	if array, _ := registers(th); cap(array) > largeStack {
		b.grew += sizeValue * int64(cap(array))
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
