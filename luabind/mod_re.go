package luabind

import (
	"regexp"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/esmehost/esmehost/luabind/vm"
)

const (
	maxMatches = 1 << 15 // of one call: some milliseconds
	oneSearch  = 200_000 // steps that take some milliseconds
)

var (
	subjectParam = param{"s", stringType, "the text"}
	patternParam = param{"pattern", stringType, "in RE2's syntax, such as (?i)^stop\\b"}
)

var reModule = module{
	Name: "re",
	Doc: "Regular expressions with RE2's syntax, in time proportional to the text: no pattern can run away. Positions count octets from 1. " +
		"The patterns that a script uses are kept compiled, the last 512; a wrong one raises. Lua's own patterns are in the module string.",
	Fns: []fn{
		{Name: "match", Where: anywhere, Params: []param{subjectParam, patternParam},
			Returns: []param{{"...", optional(stringType), "the captures, or the whole match if there are none; nil if nothing matches; false for a capture that took no part"}},
			Doc:     "Finds the first match.",
			Example: `local word, rest = re.match("STOP weather", [[(?i)^(stop|start)\s+(.*)$]])
assert(word == "STOP" and rest == "weather")`,
			Do: func(c *call) int {
				s, p := c.str(1), c.pattern(2)
				c.search(p, s)
				m := p.re.FindStringSubmatchIndex(s)
				if m == nil {
					return c.push(lua.LNil)
				}
				return c.push(captures(c.L, s, m)...)
			}},
		{Name: "find", Where: anywhere, Params: []param{subjectParam, patternParam, {"init", optional(integerType), "where to start; 1"}},
			Returns: []param{{"first", optional(integerType), "where the match starts; nil if nothing matches"}, {"last", optional(integerType), "where it ends"}, {"...", optional(stringType), "the captures"}},
			Doc:     "Finds where the first match is.", Example: `assert(re.find("abc123", [[\d+]]) == 4)`,
			Do: func(c *call) int {
				s, p := c.str(1), c.pattern(2)
				init := 1
				if n, ok := c.value(3).(lua.LNumber); ok {
					init = max(1, int(n))
				}
				if init > len(s)+1 {
					return c.push(lua.LNil)
				}
				c.search(p, s)
				m := p.re.FindStringSubmatchIndex(s[init-1:])
				if m == nil {
					return c.push(lua.LNil)
				}
				out := []lua.LValue{lua.LNumber(m[0] + init), lua.LNumber(m[1] + init - 1)}
				if len(m) > 2 {
					out = append(out, captures(c.L, s[init-1:], m)...)
				}
				return c.push(out...)
			}},
		{Name: "named", Where: anywhere, Params: []param{subjectParam, {"pattern", stringType, "with named groups: (?P<name>...)"}},
			Returns: []param{{"groups", optional(tableType), "what each named group matched; nil if nothing matches"}},
			Doc:     "Finds the first match and gives its named groups.",
			Example: `local r = re.named("id:123 stat:DELIVRD", [[id:(?P<id>\S+) stat:(?P<stat>\w+)]])
assert(r.id == "123" and r.stat == "DELIVRD")`,
			Do: func(c *call) int {
				s, p := c.str(1), c.pattern(2)
				c.search(p, s)
				m := p.re.FindStringSubmatchIndex(s)
				if m == nil {
					return c.push(lua.LNil)
				}
				t := c.L.NewTable()
				for i, name := range p.re.SubexpNames() {
					if name != "" && m[2*i] >= 0 {
						t.RawSetString(name, vm.Cut(c.L, s[m[2*i]:m[2*i+1]], len(s)))
					}
				}
				return c.push(t)
			}},
		{Name: "gmatch", Where: anywhere, Params: []param{subjectParam, patternParam}, Returns: []param{{"next", functionType, "gives the captures of one match after the other"}},
			Doc: "Goes through all matches, in a for loop.",
			Example: `local n = 0
for number in re.gmatch("1, 22, 333", [[\d+]]) do n = n + #number end
assert(n == 6)`, Do: reGMatch},
		{Name: "gsub", Where: anywhere,
			Params: []param{subjectParam, patternParam,
				{"repl", luaType{what: "a string, a table or a function", editor: "string|table|function", is: func(v lua.LValue) bool {
					return stringType.is(v) || tableType.is(v) || functionType.is(v)
				}}, "what takes its place: a string with %0 to %9 for the captures, a table by the first capture, or a function of the captures; nil or false keeps the match"},
				{"n", optional(countType), "at most so many"}},
			Returns: []param{{"text", stringType, "with the matches replaced"}, {"count", integerType, "how many there were"}},
			Doc:     "Replaces all matches.", Example: `assert(re.gsub("+49 170-1234567", "[^0-9]", "") == "491701234567")`, Do: reGSub},
		{Name: "split", Where: anywhere, Params: []param{subjectParam, patternParam, {"n", optional(countType), "at most so many parts"}},
			Returns: []param{{"parts", listOf(stringType), "what stands between the matches"}},
			Doc:     "Splits a text where the pattern matches.", Example: `assert(#re.split("a, b;c", [[[,;]\s*]]) == 3)`,
			Do: func(c *call) int {
				s, p := c.str(1), c.pattern(2)
				c.search(p, s)
				most := maxMatches
				if n, ok := c.value(3).(lua.LNumber); ok {
					most = min(int(n), most)
				}
				t, at := c.L.NewTable(), 0
				for _, m := range c.all(p, s, most-1) {
					if m[1] == 0 { // as Go does: nothing stands before an empty match at the start
						continue
					}
					t.Append(vm.Cut(c.L, s[at:m[0]], len(s)))
					at = m[1]
				}
				t.Append(vm.Cut(c.L, s[at:], len(s)))
				return c.push(t)
			}},
		{Name: "escape", Where: anywhere, Params: []param{{"text", stringType, "any text"}}, Returns: []param{{"pattern", stringType, "that matches just this text"}},
			Doc: "Makes a pattern that stands for a text as it is.", Example: `assert(re.match("a.b", re.escape("a.b")))`,
			Do: func(c *call) int {
				c.large(2 * len(c.str(1)))
				var out strings.Builder
				vm.Chunks(c.L, c.str(1), func(part string) { out.WriteString(regexp.QuoteMeta(part)) }) // octet by octet
				return c.text(out.String())
			}},
	},
}

// search charges for looking through s: in the worst case each step is tried at each octet, which takes about as
// long as an instruction. Nothing can stop it in between, so what takes long is dearer, and few milliseconds are the most
// that the default of limits.instructions allows.
func (c *call) search(p *pattern, s string) {
	n := 1 + len(s)*p.steps
	if n > oneSearch {
		n *= 2
	}
	c.charge(n)
}

// all finds at most n matches, and refuses more than any text of messages has.
func (c *call) all(p *pattern, s string, n int) [][]int {
	if n <= 0 {
		return nil
	}
	// Each match may have looked through all that follows (a(?:.*z)? does), and nothing can stop it in between. So
	// few are asked for at first, then twice as many, and the clock is looked at each time.
	c.charge(min(n, len(s)+1) / 8)
	most := max(1, oneSearch/(1+len(s)*p.steps))
	all := p.re.FindAllStringSubmatchIndex(s, min(most, n))
	for len(all) == most && most < n {
		vm.LookAtClock(c.L)
		most *= 2
		all = p.re.FindAllStringSubmatchIndex(s, min(most, n))
	}
	vm.LookAtClock(c.L)
	c.charge(4 * len(all))
	if len(all) > 0 {
		vm.ChargeMemory(c.L, len(all)*(24+8*len(all[0])))
	}
	if len(all) > maxMatches {
		c.raise("the pattern matches more than %d times", maxMatches)
	}
	return all
}

// captures are what a match gives: its groups, or all of it.
func captures(L *lua.LState, s string, m []int) []lua.LValue {
	if len(m) == 2 {
		return []lua.LValue{vm.Cut(L, s[m[0]:m[1]], len(s))}
	}
	out := make([]lua.LValue, 0, len(m)/2-1)
	for i := 2; i < len(m); i += 2 {
		if m[i] < 0 {
			out = append(out, lua.LFalse)
		} else {
			out = append(out, vm.Cut(L, s[m[i]:m[i+1]], len(s)))
		}
	}
	return out
}

func reGMatch(c *call) int {
	s, p := c.str(1), c.pattern(2)
	c.search(p, s)
	m := &matchWalk{text: s, all: c.all(p, s, maxMatches+1)}
	return c.push(vm.NewFunction(m.next, m))
}

// matchWalk goes through the matches in a text.
type matchWalk struct {
	text string
	all  [][]int
	at   int
}

// Size is that of their places.
func (m *matchWalk) Size() int {
	if len(m.all) == 0 {
		return 0
	}
	return cap(m.all)*24 + len(m.all)*8*len(m.all[0])
}

// Holds visits the text.
func (m *matchWalk) Holds(visit func(lua.LValue)) { visit(lua.LString(m.text)) }

func (m *matchWalk) next(L *lua.LState) int {
	if m.at == len(m.all) {
		L.Push(lua.LNil)
		return 1
	}
	vs := captures(L, m.text, m.all[m.at])
	m.at++
	for _, v := range vs {
		L.Push(v)
	}
	return len(vs)
}

func reGSub(c *call) int {
	s, p, repl := c.str(1), c.pattern(2), c.value(3)
	c.search(p, s)
	most := maxMatches + 1
	if n, ok := c.value(4).(lua.LNumber); ok {
		most = min(int(n), most)
	}
	out, w := new(vm.Text), &matchWalk{text: s, all: c.all(p, s, most)}
	vm.Keep(c.L, out)
	vm.Keep(c.L, w)
	at, count := 0, 0
	for _, m := range w.all {
		count++
		out.WriteString(s[at:m[0]])
		out.WriteString(c.replacement(repl, s, m))
		at = m[1]
		if out.Len() > vm.MaxString {
			c.raise("the string would be longer than %d octets", vm.MaxString)
		}
	}
	out.WriteString(s[at:])
	c.large(out.Len())
	return c.push(lua.LString(out.String()), lua.LNumber(count))
}

func (c *call) replacement(repl lua.LValue, s string, m []int) string {
	whole := s[m[0]:m[1]]
	var v lua.LValue
	switch r := repl.(type) {
	case *lua.LTable:
		v = c.L.GetTable(r, captures(c.L, s, m)[0])
	case *lua.LFunction:
		v = vm.Invoke(c.L, r, captures(c.L, s, m)...)
	default:
		return c.expand(lua.LVAsString(r), s, m)
	}
	switch {
	case !lua.LVAsBool(v):
		return whole
	case !lua.LVCanConvToString(v):
		c.raise("the replacement must be a string, is %s", v.Type())
	}
	return lua.LVAsString(v)
}

// expand puts the captures into a replacement: %0 to %9, %% for a percent sign.
func (c *call) expand(r, s string, m []int) string {
	if strings.IndexByte(r, '%') < 0 {
		return r
	}
	var b strings.Builder
	for i := 0; i < len(r); i++ {
		if r[i] != '%' || i+1 == len(r) {
			b.WriteByte(r[i])
			continue
		}
		i++
		c.charge(1)
		n, err := strconv.Atoi(r[i : i+1])
		switch {
		case err != nil:
			b.WriteByte(r[i])
		case 2*n >= len(m) && !(n == 1 && len(m) == 2):
			c.raise("the replacement names the capture %%%d, the pattern has %d", n, len(m)/2-1)
		case n == 1 && len(m) == 2: // as in string.gsub
			b.WriteString(s[m[0]:m[1]])
		case m[2*n] >= 0:
			b.WriteString(s[m[2*n]:m[2*n+1]])
		}
		if b.Len() > vm.MaxString {
			c.raise("the string would be longer than %d octets", vm.MaxString)
		}
	}
	return b.String()
}
