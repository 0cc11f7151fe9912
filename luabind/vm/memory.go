package vm

import (
	"fmt"
	"slices"
	"time"
	"unsafe"

	lua "github.com/yuin/gopher-lua"
)

// The machine does not count what a state holds, so its values are walked and measured: between two runs,
// so seldom that it takes about a hundredth of the script's time; and inside a run as soon as it could
// have taken a good part of its limit (budget.grown, budget.remember). The same walk between two runs
// drops what tables keep of deleted keys.

// What values take, in octets, measured with Go 1.26 on 64 bits.
const (
	sizeTable    = 112
	sizeValue    = 16  // in a list, or a register
	sizeEntry    = 40  // in a map
	sizeKey      = 16  // in a table's list of keys
	sizeFunction = 96  // without upvalues
	sizeUpvalue  = 64  // with the pointer to it
	sizeThread   = 900 // without registers and frames
	sizeSegment  = 8 * 80
	sizeUserData = 64
)

const (
	surveyFirst = 50_000 // instructions before a state is walked at all
	surveyShare = 100    // a survey takes at most one part in so many of the script's time
	instruction = 20 * time.Nanosecond
	restEvery   = 1 << 10 // values of a walk between two rests of a state that is heavy
)

// survey is when a state is walked next, and what was found.
type survey struct {
	since    int64         // instructions since the last one
	next     int64         // instructions at which the next one is due
	took     time.Duration // of a processor, by the last one
	os       int           // the thread that it ran on, since its last rest
	cpu      time.Duration // of that thread, then
	size     int64         // found
	live     uint64
	warned   bool
	stack    []lua.LValue
	seen     map[unsafe.Pointer]struct{}
	strings  map[*byte]struct{}
	total    int64
	limit    int64
	compact  bool
	overlong bool
}

// settle ends a run: where it is due, the state is walked. It reports whether the state holds too much.
func (s *State) settle() bool {
	v := &s.survey
	v.since += s.budget.used()
	live := watcher.live.Load()
	if quarter := s.limits.Memory / 4; v.since < max(v.next, surveyFirst) && min(int64(live-v.live), s.budget.grew) < quarter {
		return false
	}
	s.measure(true)
	v.since, v.live = 0, live
	if v.took > 0 { // else the next one tells
		v.next = int64(v.took/instruction) * surveyShare
	}
	switch high := s.limits.Memory / 10 * 8; {
	case v.size > s.limits.Memory:
		return true
	case v.size > high && !v.warned && s.hooks.MemoryHigh != nil:
		v.warned = true
		s.hooks.MemoryHigh(v.size, s.limits.Memory)
	case v.size < high/2:
		v.warned = false
	}
	if s.hooks.Surveyed != nil {
		s.hooks.Surveyed(v.size)
	}
	return false
}

// Memory measures how many octets the state holds.
func (s *State) Memory() int64 {
	s.measure(false)
	return s.survey.size
}

func (s *State) memoryError() *Error {
	if s.survey.overlong {
		return &Error{Kind: Memory, Limit: "limits.memory", Message: fmt.Sprintf("a list has more than %d elements", lua.MaxArrayIndex-1)}
	}
	return &Error{Kind: Memory, Limit: "limits.memory",
		Message: fmt.Sprintf("the script holds more than %s (limits.memory)", octets(s.limits.Memory))}
}

func octets(n int64) string {
	if n%(1<<20) == 0 {
		return fmt.Sprintf("%d MiB", n>>20)
	}
	return fmt.Sprintf("%d octets", n)
}

// measure walks everything that the state reaches, until it is found to be too much. With compact, which
// must not be in the middle of a run, tables forget the keys that were deleted.
func (s *State) measure(compact bool) {
	v := &s.survey
	v.total, v.limit, v.compact, v.overlong = 0, s.limits.Memory, compact, false
	v.took = 0
	v.os, v.cpu = threadCPU()
	if v.seen == nil {
		v.seen, v.strings = map[unsafe.Pointer]struct{}{}, map[*byte]struct{}{}
	}
	v.thread(s.l)
	for _, th := range s.threads {
		v.thread(th)
	}
	for _, th := range s.running {
		v.thread(th)
	}
	for t := range s.tasks {
		v.total += sizeSegment
		for _, th := range t.threads {
			v.thread(th)
		}
		for _, a := range t.args {
			v.value(a)
		}
	}
	for _, m := range s.loaded {
		v.value(m)
	}
	v.value(s.main)
	if s.hooks.Roots != nil {
		s.hooks.Roots(v.value)
	}
	for n := 1; len(v.stack) > 0 && v.total <= v.limit; n++ {
		if n%restEvery == 0 {
			v.walked(s)
		}
		top := v.stack[len(v.stack)-1]
		v.stack = v.stack[:len(v.stack)-1]
		v.inside(top)
	}
	v.walked(s)
	v.size = v.total
	s.budget.made, s.budget.grew, s.budget.allocated = 0, 0, allocated()
	v.stack = v.stack[:0]
	if len(v.seen) > 1<<12 || len(v.strings) > 1<<12 || cap(v.stack) > 1<<12 {
		v.seen, v.strings, v.stack = nil, nil, nil // a map once large is slow to clear
		return
	}
	clear(v.seen)
	clear(v.strings)
}

// walked counts the time of a part of the walk, and lets others run after it.
func (v *survey) walked(s *State) {
	os, cpu := threadCPU()
	if os == v.os { // else it is not known; it is the same for the next part
		v.took += cpu - v.cpu
		s.makeRoom(cpu - v.cpu)
	}
	v.os, v.cpu = threadCPU()
}

// value counts what a value takes beside its place, and notes it for the walk when there is more in it.
func (v *survey) value(x lua.LValue) {
	switch x := x.(type) {
	case lua.LString:
		v.text(string(x))
	case lua.LNumber:
		v.total += 8
	case *lua.LTable:
		v.note(unsafe.Pointer(x), x)
	case *lua.LFunction:
		v.note(unsafe.Pointer(x), x)
	case *lua.LUserData:
		v.note(unsafe.Pointer(x), x)
	case *lua.LState:
		v.note(unsafe.Pointer(x), x)
	}
}

func (v *survey) note(p unsafe.Pointer, x lua.LValue) {
	if _, ok := v.seen[p]; !ok {
		v.seen[p] = struct{}{}
		v.stack = append(v.stack, x)
	}
}

// text counts a string; long ones once, wherever they are held.
func (v *survey) text(s string) {
	v.total += 16
	if len(s) <= 64 {
		v.total += int64(len(s))
		return
	}
	p := unsafe.StringData(s)
	if _, ok := v.strings[p]; !ok {
		v.strings[p] = struct{}{}
		v.total += int64(len(s))
	}
}

// inside counts an object and visits what it holds.
func (v *survey) inside(x lua.LValue) {
	switch x := x.(type) {
	case *lua.LTable:
		if x.Metatable != lua.LNil && isSealed(x) {
			return // it is the host's
		}
		v.table(x)
	case *lua.LFunction:
		if x.IsG && len(x.Upvalues) == 0 {
			return
		}
		v.total += sizeFunction + sizeUpvalue*int64(len(x.Upvalues))
		for _, u := range x.Upvalues {
			if u != nil {
				v.value(u.Value())
			}
		}
	case *lua.LUserData:
		v.total += sizeUserData
		if sized, ok := x.Value.(Sized); ok {
			v.total += int64(sized.Size())
		}
		if holder, ok := x.Value.(Holder); ok {
			holder.Holds(v.value)
		}
	case *lua.LState:
		v.thread(x)
	}
}

func (v *survey) thread(L *lua.LState) {
	array, top := registers(L)
	v.total += sizeThread + sizeValue*int64(cap(array)) + sizeSegment*int64(1+frames(L)/framesPerSegment)
	for _, x := range array[:min(top, len(array))] {
		v.value(x)
	}
	eachFrame(L, v.value)
}

func (v *survey) table(x *lua.LTable) {
	t := inside(x)
	if v.compact {
		t.compact()
	}
	v.total += sizeTable + sizeValue*int64(cap(t.array)) + sizeKey*int64(cap(t.keys)) +
		sizeEntry*int64(mapSlots(t.strdict)+mapSlots(t.dict)+mapSlots(t.k2i))
	v.value(x.Metatable)
	for _, e := range t.array {
		v.value(e)
	}
	for _, k := range t.keys { // those that were deleted too
		if weighs(k) {
			v.value(k)
		}
	}
	for k, e := range t.strdict {
		v.text(k)
		v.value(e)
	}
	for k, e := range t.dict {
		v.value(k)
		v.value(e)
	}
	if len(t.dict) > 0 && len(t.array) == lua.MaxArrayIndex-1 {
		if _, ok := t.dict[lua.LNumber(lua.MaxArrayIndex)]; ok {
			v.overlong = true // the machine would lose what comes next: #t does not grow any more
			v.total = v.limit + 1
		}
	}
}

// compact forgets deleted keys where they are more than the others, and the empty end of a list. The order
// of the keys stays, so that a traversal that a task is in the middle of goes on.
func (t *tableInside) compact() {
	if n := len(t.strdict) + len(t.dict); len(t.keys) > 2*n && (len(t.keys) > 32 || slices.ContainsFunc(t.keys, weighs)) {
		dead := len(t.keys) - n
		keys, index := make([]lua.LValue, 0, n), make(map[lua.LValue]int, n)
		for _, k := range t.keys {
			if t.has(k) {
				index[k] = len(keys)
				keys = append(keys, k)
			}
		}
		t.keys, t.k2i = keys, index
		if dead > 8*n && dead > 1024 { // the maps were much larger once, and Go's never shrink
			t.strdict, t.dict = copied(t.strdict), copied(t.dict)
		}
	}
	if n := len(t.array); n > 64 {
		last := n
		for last > 0 && t.array[last-1] == lua.LNil {
			last--
		}
		if last < n/2 {
			t.array = append(make([]lua.LValue, 0, max(last, 32)), t.array[:last]...)
		}
	}
}

// weighs reports whether a key holds more than its place.
func weighs(k lua.LValue) bool {
	switch k := k.(type) {
	case lua.LNumber, lua.LBool:
		return false
	case lua.LString:
		return len(k) > 64
	}
	return true
}

func (t *tableInside) has(k lua.LValue) bool {
	if s, ok := k.(lua.LString); ok {
		_, ok := t.strdict[string(s)]
		return ok
	}
	_, ok := t.dict[k]
	return ok
}

func copied[K comparable](m map[K]lua.LValue) map[K]lua.LValue {
	if m == nil {
		return nil
	}
	c := make(map[K]lua.LValue, len(m))
	for k, v := range m {
		c[k] = v
	}
	return c
}
