package luabind

import (
	"container/list"
	"regexp"
	"regexp/syntax"
	"runtime"
	"strings"
	"sync"
	"weak"

	"github.com/esmehost/esmehost/luabind/vm"
)

// Bounds of a pattern: its octets, and the steps of the machine that it becomes; and of all that a state keeps.
const (
	maxPattern  = 1000
	maxProgram  = 10_000
	maxPatterns = 512
	maxKept     = 5 * maxProgram // steps: about 3 MiB
)

// pattern is a compiled one, and how many steps each octet may cost.
type pattern struct {
	text  string
	re    *regexp.Regexp
	steps int
}

// size is what one takes, roughly.
func (p *pattern) size() int { return 1000 + 60*p.steps }

// patterns are those that a state used last. They are its own: what another bind uses changes neither what is kept for
// this one, nor what it is charged.
type patterns struct {
	byText map[string]*list.Element
	order  list.List // of *pattern, the latest first
	steps  int
}

// Size is what the state holds by them.
func (ps *patterns) Size() int { return 1000*ps.order.Len() + 60*ps.steps }

func (ps *patterns) get(text string) *pattern {
	e := ps.byText[text]
	if e == nil {
		return nil
	}
	ps.order.MoveToFront(e)
	return e.Value.(*pattern)
}

func (ps *patterns) put(p *pattern) {
	if ps.byText == nil {
		ps.byText = map[string]*list.Element{}
	}
	ps.byText[p.text] = ps.order.PushFront(p)
	for ps.steps += p.steps; ps.order.Len() > maxPatterns || ps.steps > maxKept; {
		last := ps.order.Remove(ps.order.Back()).(*pattern)
		delete(ps.byText, last.text)
		ps.steps -= last.steps
	}
}

// compiled lets states that use the same pattern at the same time have it once: 10,000 binds may run one script.
var compiled sharedPatterns

type sharedPatterns struct {
	mu     sync.Mutex
	byText map[string]weak.Pointer[pattern]
}

func (sp *sharedPatterns) get(text string) *pattern {
	sp.mu.Lock()
	defer sp.mu.Unlock()
	return sp.byText[text].Value()
}

func (sp *sharedPatterns) put(p *pattern) {
	sp.mu.Lock()
	defer sp.mu.Unlock()
	if sp.byText == nil {
		sp.byText = map[string]weak.Pointer[pattern]{}
	}
	sp.byText[p.text] = weak.Make(p)
	runtime.AddCleanup(p, func(text string) {
		sp.mu.Lock()
		defer sp.mu.Unlock()
		if sp.byText[text].Value() == nil { // else it was compiled again
			delete(sp.byText, text)
		}
	}, p.text)
}

// pattern compiles the argument, or finds it compiled. Only the state's own use of it decides what that costs.
func (c *call) pattern(n int) *pattern {
	text := c.str(n)
	kept := &c.gen.patterns
	if p := kept.get(text); p != nil {
		return p
	}
	if len(text) > maxPattern {
		c.raise("the pattern has %d octets, at most %d are taken", len(text), maxPattern)
	}
	c.charge(1000 + 20*len(text))
	p := compiled.get(text)
	if p == nil {
		p = c.parsed(text)
	}
	c.charge(10 * p.steps)
	vm.ChargeMemory(c.L, p.size())
	if p.re == nil {
		re, err := regexp.Compile(text)
		if err != nil {
			c.raise("the pattern is wrong: %v", err)
		}
		p.re = re
		compiled.put(p)
	}
	kept.put(p)
	return p
}

// parsed is a pattern that is still to be compiled.
func (c *call) parsed(text string) *pattern {
	tree, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		c.raise("the pattern is wrong: %s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	steps := programSize(tree)
	if steps > maxProgram {
		c.raise("the pattern repeats too much: it would take %d steps, at most %d are taken", steps, maxProgram)
	}
	return &pattern{text: strings.Clone(text), steps: steps}
}

// programSize estimates how many instructions the pattern compiles to, without compiling it.
func programSize(re *syntax.Regexp) int {
	n := 1
	switch re.Op {
	case syntax.OpLiteral:
		n = len(re.Rune)
	case syntax.OpCharClass:
		n = 1 + len(re.Rune)/8
	}
	for _, sub := range re.Sub {
		n += programSize(sub)
	}
	if re.Op == syntax.OpRepeat {
		n *= max(re.Min, re.Max, 1)
	}
	return min(n, 1<<24)
}
