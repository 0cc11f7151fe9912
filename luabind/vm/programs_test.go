package vm

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// writer writes random programs by a grammar. Tame ones end, raise nothing and print what they compute, so that
// another Lua can be asked what they should print; wild ones may do anything.
type writer struct {
	next  func(n int) int // a number below n
	b     strings.Builder
	depth int
	names int
	left  int // statements
	wild  bool
	ints  []string
	strs  []string
	lists []string
	fns   []string // of two numbers, with two results
}

func program(seed uint64, wild bool) string {
	r := rand.New(rand.NewPCG(seed, 1))
	return written(r.IntN, wild)
}

func written(next func(int) int, wild bool) string {
	w := &writer{next: next, wild: wild, left: 40}
	w.line("local i0, i1, s0, t0 = %d, %d, %q, { 3, 1, 2 }", w.next(10), w.next(100)-50, "abc")
	w.ints, w.strs, w.lists = []string{"i0", "i1"}, []string{"s0"}, []string{"t0"}
	for w.left > 0 {
		w.stmt()
	}
	w.print()
	return w.b.String()
}

func (w *writer) line(format string, args ...any) {
	w.b.WriteString(strings.Repeat("  ", w.depth))
	fmt.Fprintf(&w.b, format+"\n", args...)
}

func (w *writer) name(kind string) string {
	w.names++
	return fmt.Sprintf("%s%d", kind, w.names)
}

func (w *writer) of(names []string) string { return names[w.next(len(names))] }

func (w *writer) print() {
	w.line("print(%s)", strings.Join(append(append([]string{}, w.ints...), w.strs...), ", "))
	for _, t := range w.lists {
		w.line("print(#%s, table.concat(%s, \" \"))", t, t)
	}
}

// block writes statements in a scope of their own.
func (w *writer) block(n int) {
	ints, strs, lists, fns := len(w.ints), len(w.strs), len(w.lists), len(w.fns)
	w.depth++
	for range n {
		w.stmt()
	}
	w.depth--
	w.ints, w.strs, w.lists, w.fns = w.ints[:ints], w.strs[:strs], w.lists[:lists], w.fns[:fns]
}

func (w *writer) stmt() {
	w.left--
	if w.depth > 4 {
		w.line("%s = %s", w.of(w.ints), w.num(2))
		return
	}
	if w.wild && w.next(3) == 0 {
		w.wildStmt()
		return
	}
	switch w.next(18) {
	case 0:
		e := w.num(3)
		w.ints = append(w.ints, w.name("i"))
		w.line("local %s = %s", w.ints[len(w.ints)-1], e)
	case 1:
		e := w.str(3)
		w.strs = append(w.strs, w.name("s"))
		w.line("local %s = %s", w.strs[len(w.strs)-1], e)
	case 2:
		a, b, c := w.num(2), w.num(2), w.num(1)
		w.lists = append(w.lists, w.name("t"))
		w.line("local %s = { %s, %s, %s }", w.lists[len(w.lists)-1], a, b, c)
	case 3, 4:
		w.line("%s = %s", w.of(w.ints), w.num(3))
	case 5:
		w.line("%s = (%s):sub(1, 60)", w.of(w.strs), w.str(3))
	case 6:
		w.line("%s, %s = %s, %s", w.of(w.ints), w.of(w.ints), w.num(2), w.num(2))
	case 7:
		w.line("%s[%d], %s = %s, %s[%d] or 0", w.of(w.lists), w.next(3)+1, w.of(w.ints), w.num(2), w.of(w.lists), w.next(4)+1)
	case 8:
		t := w.of(w.lists)
		w.line("if #%s < 20 then %s[#%s + 1] = %s end", t, t, t, w.num(2))
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
			w.line("%s, %s = %s(%s, %s)", w.of(w.ints), w.of(w.ints), w.of(w.fns), w.num(1), w.num(2))
		} else {
			w.line("do")
			w.block(2)
			w.line("end")
		}
	}
}

// function writes one that sees the variables around it.
func (w *writer) function() {
	f, a, b := w.name("f"), w.name("a"), w.name("b")
	w.line("local %s = function(%s, %s, ...)", f, a, b)
	w.ints = append(w.ints, a, b)
	fns := w.fns
	w.fns = nil // none calls another: they would take exponentially long
	w.block(w.next(3) + 1)
	w.depth++
	w.line("return %s, %s", w.num(2), w.num(2))
	w.depth--
	w.fns = fns
	w.ints = w.ints[:len(w.ints)-2]
	w.line("end")
	w.fns = append(w.fns, f)
}

// num is an expression of a whole number of moderate size.
func (w *writer) num(depth int) string {
	if depth == 0 || w.next(3) == 0 {
		if w.next(2) == 0 {
			return fmt.Sprint(w.next(20) - 5)
		}
		return w.of(w.ints)
	}
	a, b := w.num(depth-1), w.num(depth-1)
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
		return fmt.Sprintf("(%s[%s] or %s)", w.of(w.lists), w.num(depth-1), a)
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

func (w *writer) cond(depth int) string {
	if depth == 0 {
		return []string{"true", "false", "not nil"}[w.next(3)]
	}
	switch w.next(6) {
	case 0:
		return fmt.Sprintf("%s < %s", w.num(depth), w.num(depth))
	case 1:
		return fmt.Sprintf("%s == %s", w.num(depth), w.num(depth))
	case 2:
		return fmt.Sprintf("%s ~= %s", w.str(depth), w.str(depth))
	case 3:
		return fmt.Sprintf("not (%s)", w.cond(depth-1))
	case 4:
		return fmt.Sprintf("(%s and %s)", w.cond(depth-1), w.cond(depth-1))
	}
	return fmt.Sprintf("(%s or %s)", w.cond(depth-1), w.cond(depth-1))
}

func (w *writer) str(depth int) string {
	if depth == 0 || w.next(3) == 0 {
		if w.next(2) == 0 {
			return fmt.Sprintf("%q", []string{"", "a", "xyz", "1", "%d", "hello world"}[w.next(6)])
		}
		return w.of(w.strs)
	}
	s := w.str(depth - 1)
	switch w.next(8) {
	case 0, 1:
		return fmt.Sprintf("(%s .. %s)", s, w.str(depth-1))
	case 2:
		return fmt.Sprintf("(%s .. %s)", s, w.num(depth-1))
	case 3:
		return fmt.Sprintf("(%s):sub(%d, %d)", s, w.next(5)-2, w.next(9)-3)
	case 4:
		return fmt.Sprintf("(%s):upper()", s)
	case 5:
		return fmt.Sprintf("((%s):gsub(%q, %q))", s, []string{"a", "%w", "[xyz]+", "l*", "^."}[w.next(5)], []string{"b", "%0%0", ""}[w.next(3)])
	case 6:
		return fmt.Sprintf("((%s):match(%q) or %q)", s, []string{"%a+", "(.)$", "^(%w-)l", "%d+"}[w.next(4)], "none")
	}
	return fmt.Sprintf("string.format(%q, %s, %s)", "%s|%3d", s, w.num(depth-1))
}

// wildStmt does what a tame program must not.
func (w *writer) wildStmt() {
	switch w.next(10) {
	case 0:
		w.line("pcall(function(...) error(%s) end)", w.any(2))
	case 1:
		w.line("while true do if %s then break end pcall(function(...) while true do end end) end", w.cond(1))
	case 2:
		w.line("local co = coroutine.wrap(function(...) while true do coroutine.yield(...) end end) pcall(co, %s)", w.any(2))
	case 3:
		w.line("pcall(setmetatable, %s, { __index = %s, __newindex = %s, __call = %s, __add = %s, __concat = %s, __eq = %s, __lt = %s, __tostring = %s, __len = %s })",
			w.of(w.lists), w.any(1), w.any(1), w.any(1), w.any(1), w.any(1), w.any(1), w.any(1), w.any(1), w.any(1))
	case 4:
		w.line("pcall(function(...) return %s + %s .. %s end)", w.any(2), w.any(2), w.any(2))
	case 5:
		w.line("pcall(function(...) local x = %s x[%s] = %s return #x < x[%s] end)", w.any(2), w.any(2), w.any(2), w.any(1))
	case 6:
		w.line("%s[%s] = %s", w.of(w.lists), w.any(1), w.any(1))
	case 7:
		w.line("local function r(n) return n + pcall(r, n) end pcall(r, 1)")
	default:
		w.line("pcall(%s, %s, %s, %s)", w.builtin(), w.any(2), w.any(2), w.any(2))
	}
}

func (w *writer) builtin() string {
	all := []string{"assert", "error", "getmetatable", "ipairs", "next", "pairs", "pcall", "rawequal", "rawget", "rawset", "select", "setmetatable",
		"tonumber", "tostring", "type", "unpack", "xpcall", "print", "require", "string.byte", "string.char", "string.find", "string.format", "string.gmatch",
		"string.gsub", "string.len", "string.lower", "string.match", "string.rep", "string.reverse", "string.sub", "string.upper", "table.concat",
		"table.insert", "table.maxn", "table.remove", "table.sort", "table.getn", "math.abs", "math.floor", "math.fmod", "math.frexp", "math.ldexp",
		"math.max", "math.min", "math.modf", "math.pow", "math.random", "coroutine.create", "coroutine.resume", "coroutine.running", "coroutine.status",
		"coroutine.wrap", "coroutine.yield"}
	return all[w.next(len(all))]
}

func (w *writer) any(depth int) string {
	switch w.next(14) {
	case 0:
		return "nil"
	case 1:
		return "true"
	case 2:
		return []string{"0/0", "1/0", "-1/0", "2^53", "-2^63", "1e308", "0.5", "1048575"}[w.next(8)]
	case 3:
		return fmt.Sprintf("(%s):rep(%d)", w.str(0), w.next(100000))
	case 4:
		return "{}"
	case 5:
		return fmt.Sprintf("function(...) return %s end", w.num(1))
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
			return fmt.Sprintf("select(2, pcall(%s, %s))", w.builtin(), w.any(depth-1))
		}
		return "1"
	case 12:
		return w.str(1)
	}
	return w.num(1)
}
