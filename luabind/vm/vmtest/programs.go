// Package vmtest writes Lua programs for tests.
package vmtest

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// Writer writes random programs by a grammar. Tame ones end, raise nothing and print what they compute, so that
// another Lua can be asked what they should print; wild ones may do anything.
type Writer struct {
	next  func(n int) int
	b     strings.Builder
	depth int
	names int
	left  int // statements
	wild  bool
	ints  []string
	strs  []string
	lists []string
	fns   []string // of two numbers, with two results
	call  func(w *Writer) string
}

// Program is the one of the seed.
func Program(seed uint64, wild bool) string { return Written(Seed(seed), wild, nil) }

// Seed gives numbers below n that are always the same.
func Seed(seed uint64) func(n int) int { return rand.New(rand.NewPCG(seed, 1)).IntN }

// Octets gives numbers below n by what a fuzzer found.
func Octets(data []byte) func(n int) int {
	at := 0
	return func(n int) int {
		if len(data) == 0 {
			return 0
		}
		v := int(data[at%len(data)]) + at/len(data)*31
		at++
		return v % n
	}
}

// Written is the program that the numbers of next make. A wild one calls what call writes too, where that is given.
func Written(next func(n int) int, wild bool, call func(w *Writer) string) string {
	w := &Writer{next: next, wild: wild, left: 40, call: call}
	w.line("local i0, i1, s0, t0 = %d, %d, %q, { 3, 1, 2 }", w.next(10), w.next(100)-50, "abc")
	w.ints, w.strs, w.lists = []string{"i0", "i1"}, []string{"s0"}, []string{"t0"}
	for w.left > 0 {
		w.stmt()
	}
	w.print()
	return w.b.String()
}

// Next is a number below n.
func (w *Writer) Next(n int) int { return w.next(n) }

func (w *Writer) line(format string, args ...any) {
	w.b.WriteString(strings.Repeat("  ", w.depth))
	fmt.Fprintf(&w.b, format+"\n", args...)
}

func (w *Writer) name(kind string) string {
	w.names++
	return fmt.Sprintf("%s%d", kind, w.names)
}

func (w *Writer) of(names []string) string { return names[w.next(len(names))] }

func (w *Writer) print() {
	w.line("print(%s)", strings.Join(append(append([]string{}, w.ints...), w.strs...), ", "))
	for _, t := range w.lists {
		w.line("print(#%s, table.concat(%s, \" \"))", t, t)
	}
}

// block writes statements in a scope of their own.
func (w *Writer) block(n int) {
	ints, strs, lists, fns := len(w.ints), len(w.strs), len(w.lists), len(w.fns)
	w.depth++
	for range n {
		w.stmt()
	}
	w.depth--
	w.ints, w.strs, w.lists, w.fns = w.ints[:ints], w.strs[:strs], w.lists[:lists], w.fns[:fns]
}

func (w *Writer) stmt() {
	w.left--
	if w.depth > 4 {
		w.line("%s = %s", w.of(w.ints), w.Num(2))
		return
	}
	if w.wild && w.next(3) == 0 {
		w.wildStmt()
		return
	}
	switch w.next(18) {
	case 0:
		e := w.Num(3)
		w.ints = append(w.ints, w.name("i"))
		w.line("local %s = %s", w.ints[len(w.ints)-1], e)
	case 1:
		e := w.Str(3)
		w.strs = append(w.strs, w.name("s"))
		w.line("local %s = %s", w.strs[len(w.strs)-1], e)
	case 2:
		a, b, c := w.Num(2), w.Num(2), w.Num(1)
		w.lists = append(w.lists, w.name("t"))
		w.line("local %s = { %s, %s, %s }", w.lists[len(w.lists)-1], a, b, c)
	case 3, 4:
		w.line("%s = %s", w.of(w.ints), w.Num(3))
	case 5:
		w.line("%s = (%s):sub(1, 60)", w.of(w.strs), w.Str(3))
	case 6:
		w.line("%s, %s = %s, %s", w.of(w.ints), w.of(w.ints), w.Num(2), w.Num(2))
	case 7:
		w.line("%s[%d], %s = %s, %s[%d] or 0", w.of(w.lists), w.next(3)+1, w.of(w.ints), w.Num(2), w.of(w.lists), w.next(4)+1)
	case 8:
		t := w.of(w.lists)
		w.line("if #%s < 20 then %s[#%s + 1] = %s end", t, t, t, w.Num(2))
	case 9:
		w.line("if %s then", w.cond(2))
		w.block(w.next(3) + 1)
		if w.next(2) == 0 {
			w.line("else")
			w.block(w.next(2) + 1)
		}
		w.line("end")
	case 10:
		v := w.name("k")
		w.line("for %s = %d, %d, %d do", v, w.next(5), w.next(8), w.next(3)+1)
		w.ints = append(w.ints, v)
		w.block(w.next(3) + 1)
		w.ints = w.ints[:len(w.ints)-1]
		if w.next(4) == 0 {
			w.line("  if %s then break end", w.cond(1))
		}
		w.line("end")
	case 11:
		v, x := w.name("k"), w.name("v")
		w.line("for %s, %s in ipairs(%s) do if %s > 8 then break end", v, x, w.of(w.lists), v)
		w.ints = append(w.ints, v, x)
		w.block(w.next(3) + 1)
		w.ints = w.ints[:len(w.ints)-2]
		w.line("end")
	case 12:
		v := w.name("n")
		w.line("local %s = 0", v)
		w.line("while %s < %d and %s do %s = %s + 1", v, w.next(6), w.cond(1), v, v)
		w.block(w.next(3) + 1)
		w.line("end")
	case 13:
		v := w.name("n")
		w.line("local %s = 0", v)
		w.line("repeat local stop = %s %s = %s + 1", w.cond(1), v, v)
		w.block(w.next(2) + 1)
		w.line("until stop or %s > %d", v, w.next(5))
	case 14:
		w.function()
	case 15:
		w.line("table.sort(%s)", w.of(w.lists))
	case 16:
		w.print()
	case 17:
		if len(w.fns) > 0 {
			w.line("%s, %s = %s(%s, %s)", w.of(w.ints), w.of(w.ints), w.of(w.fns), w.Num(1), w.Num(2))
		} else {
			w.line("do")
			w.block(2)
			w.line("end")
		}
	}
}

// function writes one that sees the variables around it.
func (w *Writer) function() {
	f, a, b := w.name("f"), w.name("a"), w.name("b")
	w.line("local %s = function(%s, %s, ...)", f, a, b)
	w.ints = append(w.ints, a, b)
	fns := w.fns
	w.fns = nil // none calls another: they would take exponentially long
	w.block(w.next(3) + 1)
	w.depth++
	w.line("return %s, %s", w.Num(2), w.Num(2))
	w.depth--
	w.fns = fns
	w.ints = w.ints[:len(w.ints)-2]
	w.line("end")
	w.fns = append(w.fns, f)
}

// Num is an expression of a whole number of moderate size.
func (w *Writer) Num(depth int) string {
	if depth == 0 || w.next(3) == 0 {
		if w.next(2) == 0 {
			return fmt.Sprint(w.next(20) - 5)
		}
		return w.of(w.ints)
	}
	a, b := w.Num(depth-1), w.Num(depth-1)
	switch w.next(12) {
	case 0, 1:
		return fmt.Sprintf("(%s + %s) %% 1000", a, b)
	case 2:
		return fmt.Sprintf("(%s - %s) %% 997", a, b)
	case 3:
		return fmt.Sprintf("((%s) * (%s) + 0) %% 991", a, b)
	case 4:
		return fmt.Sprintf("#%s", w.of(w.strs))
	case 5:
		return fmt.Sprintf("#%s", w.of(w.lists))
	case 6:
		return fmt.Sprintf("(%s[%s] or %s)", w.of(w.lists), w.Num(depth-1), a)
	case 7:
		return fmt.Sprintf("(%s and %s or %s)", w.cond(depth-1), a, b)
	case 8:
		return fmt.Sprintf("math.floor(%s / (%s %% 7 + 1))", a, b)
	case 9:
		return fmt.Sprintf("math.max(%s, %s)", a, b)
	case 10:
		if len(w.fns) > 0 {
			return fmt.Sprintf("(%s(%s, %s))", w.of(w.fns), a, b)
		}
		return fmt.Sprintf("(0 - %s)", a)
	}
	return fmt.Sprintf("(select(%d, %s, %s))", w.next(2)+1, a, b)
}

func (w *Writer) cond(depth int) string {
	if depth == 0 {
		return []string{"true", "false", "not nil"}[w.next(3)]
	}
	switch w.next(6) {
	case 0:
		return fmt.Sprintf("%s < %s", w.Num(depth), w.Num(depth))
	case 1:
		return fmt.Sprintf("%s == %s", w.Num(depth), w.Num(depth))
	case 2:
		return fmt.Sprintf("%s ~= %s", w.Str(depth), w.Str(depth))
	case 3:
		return fmt.Sprintf("not (%s)", w.cond(depth-1))
	case 4:
		return fmt.Sprintf("(%s and %s)", w.cond(depth-1), w.cond(depth-1))
	}
	return fmt.Sprintf("(%s or %s)", w.cond(depth-1), w.cond(depth-1))
}

// Str is an expression of a short text.
func (w *Writer) Str(depth int) string {
	if depth == 0 || w.next(3) == 0 {
		if w.next(2) == 0 {
			return fmt.Sprintf("%q", []string{"", "a", "xyz", "1", "%d", "hello world"}[w.next(6)])
		}
		return w.of(w.strs)
	}
	s := w.Str(depth - 1)
	switch w.next(8) {
	case 0, 1:
		return fmt.Sprintf("(%s .. %s)", s, w.Str(depth-1))
	case 2:
		return fmt.Sprintf("(%s .. %s)", s, w.Num(depth-1))
	case 3:
		return fmt.Sprintf("(%s):sub(%d, %d)", s, w.next(5)-2, w.next(9)-3)
	case 4:
		return fmt.Sprintf("(%s):upper()", s)
	case 5:
		return fmt.Sprintf("((%s):gsub(%q, %q))", s, []string{"a", "%w", "[xyz]+", "l*", "^."}[w.next(5)], []string{"b", "%0%0", ""}[w.next(3)])
	case 6:
		return fmt.Sprintf("((%s):match(%q) or %q)", s, []string{"%a+", "(.)$", "^(%w-)l", "%d+"}[w.next(4)], "none")
	}
	return fmt.Sprintf("string.format(%q, %s, %s)", "%s|%3d", s, w.Num(depth-1))
}

// wildStmt does what a tame program must not.
func (w *Writer) wildStmt() {
	if w.call != nil && w.next(4) > 0 {
		w.line("pcall(function(...) return %s end)", w.call(w))
		return
	}
	switch w.next(10) {
	case 0:
		w.line("pcall(function(...) error(%s) end)", w.Any(2))
	case 1:
		w.line("while true do if %s then break end pcall(function(...) while true do end end) end", w.cond(1))
	case 2:
		w.line("local co = coroutine.wrap(function(...) while true do coroutine.yield(...) end end) pcall(co, %s)", w.Any(2))
	case 3:
		w.line("pcall(setmetatable, %s, { __index = %s, __newindex = %s, __call = %s, __add = %s, __concat = %s, __eq = %s, __lt = %s, __tostring = %s, __len = %s })",
			w.of(w.lists), w.Any(1), w.Any(1), w.Any(1), w.Any(1), w.Any(1), w.Any(1), w.Any(1), w.Any(1), w.Any(1))
	case 4:
		w.line("pcall(function(...) return %s + %s .. %s end)", w.Any(2), w.Any(2), w.Any(2))
	case 5:
		w.line("pcall(function(...) local x = %s x[%s] = %s return #x < x[%s] end)", w.Any(2), w.Any(2), w.Any(2), w.Any(1))
	case 6:
		w.line("%s[%s] = %s", w.of(w.lists), w.Any(1), w.Any(1))
	case 7:
		w.line("local function r(n) return n + pcall(r, n) end pcall(r, 1)")
	default:
		w.line("pcall(%s, %s, %s, %s)", w.builtin(), w.Any(2), w.Any(2), w.Any(2))
	}
}

func (w *Writer) builtin() string {
	all := []string{"assert", "error", "getmetatable", "ipairs", "next", "pairs", "pcall", "rawequal", "rawget", "rawset", "select", "setmetatable",
		"tonumber", "tostring", "type", "unpack", "xpcall", "print", "require", "string.byte", "string.char", "string.find", "string.format", "string.gmatch",
		"string.gsub", "string.len", "string.lower", "string.match", "string.rep", "string.reverse", "string.sub", "string.upper", "table.concat",
		"table.insert", "table.maxn", "table.remove", "table.sort", "table.getn", "math.abs", "math.floor", "math.fmod", "math.frexp", "math.ldexp",
		"math.max", "math.min", "math.modf", "math.pow", "math.random", "coroutine.create", "coroutine.resume", "coroutine.running", "coroutine.status",
		"coroutine.wrap", "coroutine.yield"}
	return all[w.next(len(all))]
}

// Any is an expression of any kind.
func (w *Writer) Any(depth int) string {
	switch w.next(14) {
	case 0:
		return "nil"
	case 1:
		return "true"
	case 2:
		return []string{"0/0", "1/0", "-1/0", "2^53", "-2^63", "1e308", "0.5", "1048575"}[w.next(8)]
	case 3:
		return fmt.Sprintf("(%s):rep(%d)", w.Str(0), w.next(100000))
	case 4:
		return "{}"
	case 5:
		return fmt.Sprintf("function(...) return %s end", w.Num(1))
	case 6:
		return w.builtin()
	case 7:
		return "coroutine.create(function() coroutine.yield(1) end)"
	case 8:
		return fmt.Sprintf("%q", []string{"[", "%", "(a*)*b", "%b()", "%f[%w]", "(()", "%1"}[w.next(7)])
	case 9:
		return w.of(w.lists)
	case 10:
		return "..."
	case 11:
		if depth > 0 {
			return fmt.Sprintf("select(2, pcall(%s, %s))", w.builtin(), w.Any(depth-1))
		}
		return "1"
	case 12:
		return w.Str(1)
	}
	return w.Num(1)
}
