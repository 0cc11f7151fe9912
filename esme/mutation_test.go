package esme

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// mutation is a way to break the contract: it changes the facts of a good run, and reports false for a run in which
// there is nothing to change.
type mutation struct {
	name  string
	rules string // that it breaks: one of them must be named
	apply func(run *run) bool
}

// run is what runProgram returned.
type run struct {
	cfg   Config
	facts []fact
}

// find returns the index of the first fact from i on that is what is asked for, or -1.
func (r *run) find(i int, is func(f fact) bool) int {
	for ; i >= 0 && i < len(r.facts); i++ {
		if is(r.facts[i]) {
			return i
		}
	}
	return -1
}

// steady reports whether no limit changes on the way.
func (r *run) steady() bool { return r.first(factTune) < 0 }

func kindIs(k factKind) func(fact) bool { return func(f fact) bool { return f.kind == k } }

// first is the first fact of a kind.
func (r *run) first(k factKind) int { return r.find(0, kindIs(k)) }

// of is the first fact of a kind about the name.
func (r *run) of(name string, k factKind) int {
	return r.find(0, func(f fact) bool { return f.kind == k && f.name == name })
}

func (r *run) drop(i int) bool {
	if i < 0 {
		return false
	}
	r.facts = slices.Delete(r.facts, i, i+1)
	return true
}

func (r *run) insert(i int, f fact) bool {
	r.facts = slices.Insert(r.facts, i, f)
	return true
}

func (r *run) swap(i, j int) bool {
	if i < 0 || j < 0 {
		return false
	}
	r.facts[i], r.facts[j] = r.facts[j], r.facts[i]
	return true
}

func (r *run) change(i int, to func(f *fact)) bool {
	if i < 0 {
		return false
	}
	to(&r.facts[i])
	return true
}

// pair is the first two facts of a kind to which also says yes; neighbours are such two with nothing between them.
func (r *run) pair(k factKind, also func(f fact) bool) (int, int) {
	is := func(f fact) bool { return f.kind == k && also(f) }
	i := r.find(0, is)
	if i < 0 {
		return -1, -1
	}
	return i, r.find(i+1, is)
}

func (r *run) neighbours(k factKind, also func(f fact) bool) (int, int) {
	is := func(f fact) bool { return f.kind == k && also(f) }
	for i := range len(r.facts) - 1 {
		if is(r.facts[i]) && is(r.facts[i+1]) {
			return i, i + 1
		}
	}
	return -1, -1
}

// move puts the fact at i behind that at j.
func (r *run) move(i, j int) bool {
	if i < 0 || j < 0 {
		return false
	}
	f := r.facts[i]
	r.facts = slices.Insert(slices.Delete(r.facts, i, i+1), j, f)
	return true
}

// classIs says of a fact's name that it was accepted as one of the class.
func (r *run) classIs(c class) func(f fact) bool {
	return func(f fact) bool {
		i := r.of(f.name, factAccept)
		return i >= 0 && r.facts[i].class == c
	}
}

// twoTaken is where the transport takes the first request of the handler's, and where the next one.
func (r *run) twoTaken() (int, int) {
	i := r.find(0, func(f fact) bool { return f.kind == factTaken && r.classIs(request)(f) })
	if i < 0 {
		return -1, -1
	}
	return i, r.find(i+1, func(f fact) bool { return f.kind == factTaken && f.name != r.facts[i].name && r.classIs(request)(f) })
}

// refused is the first refusal for the peer's load after which a request of the handler's is sent again.
func (r *run) refused() int {
	return r.find(0, func(f fact) bool {
		return f.kind == factAnswer && f.load && f.must && r.cfg.RetryThrottled > 0 && r.classIs(request)(f)
	})
}

// again is where the transport takes it for the second time.
func (r *run) again(name string) int {
	return r.find(r.of(name, factTaken)+1, func(f fact) bool { return f.kind == factTaken && f.name == name })
}

func stalled(f fact) bool { return f.kind == factStopping && f.code == "timers: stalled" }

var mutations = []mutation{
	{"a response twice", "O4", func(r *run) bool {
		i := r.first(factResp)
		return i >= 0 && r.insert(i, r.facts[i])
	}},
	{"a response that is not told", "O2 O4 O5 stalled_limit", func(r *run) bool {
		return r.drop(r.find(0, func(f fact) bool { return f.kind == factResp && r.classIs(request)(f) }))
	}},
	{"a response that the peer did not give", "O2 O4", func(r *run) bool {
		return r.drop(r.find(0, func(f fact) bool { return f.kind == factAnswer && r.of(f.name, factCancel) < 0 }))
	}},
	{"a response to what nobody sent", "O4", func(r *run) bool {
		return r.change(r.first(factResp), func(f *fact) { f.name = "nobody" })
	}},
	{"a response after the timeout", "O4", func(r *run) bool {
		i := r.first(factTimeout)
		if i < 0 {
			return false
		}
		name := r.facts[i].name
		return r.insert(i+1, fact{kind: factAnswer, name: name}) && r.insert(i+2, fact{kind: factResp, name: name})
	}},
	{"a timeout twice", "O4", func(r *run) bool {
		i := r.first(factTimeout)
		return i >= 0 && r.insert(i, r.facts[i])
	}},
	{"a timeout before its time", "O4", func(r *run) bool {
		return r.change(r.first(factTimeout), func(f *fact) { f.at = time.Millisecond })
	}},
	{"a younger timeout first", "O2", func(r *run) bool {
		return r.swap(r.neighbours(factTimeout, r.classIs(request)))
	}},
	{"a send result that is not told", "O4 O2", func(r *run) bool { return r.drop(r.first(factResult)) }},
	{"a send result twice", "O4", func(r *run) bool {
		i := r.first(factResult)
		return i >= 0 && r.insert(i, r.facts[i])
	}},
	{"send results that change places", "O2", func(r *run) bool {
		return r.swap(r.neighbours(factResult, func(f fact) bool { return f.code == "" && r.classIs(request)(f) }))
	}},
	{"the end before the send result", "O2", func(r *run) bool {
		i := r.find(0, func(f fact) bool { return f.kind == factResp && r.classIs(request)(f) })
		return i >= 0 && r.swap(r.of(r.facts[i].name, factResult), i)
	}},
	{"an end after a send error", "O4", func(r *run) bool {
		i := r.find(0, func(f fact) bool { return f.kind == factResult && f.code != "" && r.classIs(request)(f) })
		return i >= 0 && r.insert(i+1, fact{kind: factTimeout, name: r.facts[i].name, at: time.Hour})
	}},
	{"written, it says, and nothing went out", "O4", func(r *run) bool {
		return r.change(r.find(0, func(f fact) bool { return f.kind == factResult && f.code != "" }), func(f *fact) { f.code = "" })
	}},
	{"never, it says, and the write broke in it", "O4", func(r *run) bool {
		return r.change(r.find(0, func(f fact) bool { return f.far == WrittenUnknown && f.kind == factResult }), func(f *fact) { f.far = WrittenNever })
	}},
	{"unknown, it says, and it never went out", "O4", func(r *run) bool {
		return r.change(r.find(0, func(f fact) bool { return f.far == WrittenNever && f.kind == factResult }), func(f *fact) { f.far = WrittenUnknown })
	}},
	{"who waits is told nothing", "O4", func(r *run) bool {
		return r.drop(r.find(0, func(f fact) bool { return f.kind == factFail && r.of(f.name, factCancel) < 0 }))
	}},
	{"who waits is told that it went out, and it did not", "O4", func(r *run) bool {
		return r.change(r.find(0, func(f fact) bool { return f.kind == factFail && f.far == WrittenNever }), func(f *fact) { f.far = WrittenYes })
	}},
	{"a PDU that goes out twice", "O4", func(r *run) bool {
		i := r.first(factTaken)
		return i >= 0 && r.insert(i, r.facts[i])
	}},
	{"a PDU that overtakes", "O2 O4", func(r *run) bool {
		return r.swap(r.twoTaken())
	}},
	{"a sequence_number that is in flight", "O4", func(r *run) bool {
		i, j := r.twoTaken()
		end := r.find(0, func(f fact) bool {
			return i >= 0 && (f.kind == factAnswer || f.kind == factTimeout) && f.name == r.facts[i].name
		})
		return j >= 0 && (end < 0 || end > j) && r.change(j, func(f *fact) { f.seq = r.facts[i].seq })
	}},
	{"a sequence_number that there is not", "O4", func(r *run) bool {
		return r.change(r.find(0, func(f fact) bool { return f.kind == factTaken && r.classIs(request)(f) }), func(f *fact) { f.seq = 1 << 31 })
	}},
	{"more in flight than the window", "O5", func(r *run) bool {
		most, now := 0, map[string]bool{}
		for _, f := range r.facts {
			switch f.kind {
			case factTaken:
				if r.classIs(request)(f) || r.classIs(waited)(f) {
					now[f.name] = true
				}
			case factAnswer, factResp, factTimeout, factFail:
				delete(now, f.name)
			}
			most = max(most, len(now))
		}
		r.cfg.Window = most - 1
		return most > 1 && r.steady()
	}},
	{"told of a refusal after which it is sent again", "retry_throttled", func(r *run) bool {
		i := r.refused()
		return i >= 0 && r.insert(r.find(i+1, func(f fact) bool { return f.kind != factRate && f.kind != factResult }), fact{kind: factResp, name: r.facts[i].name})
	}},
	{"refused once more than retry_throttled, and still not told", "O2 O4 O5", func(r *run) bool {
		i := r.refused()
		r.cfg.RetryThrottled = 0
		return i >= 0 && r.steady() && r.again(r.facts[i].name) >= 0
	}},
	{"sent again, and who waited had given up", "O2 O4 O5", func(r *run) bool {
		i := r.refused()
		return i >= 0 && r.again(r.facts[i].name) >= 0 && r.insert(i, fact{kind: factCancel, name: r.facts[i].name, far: WrittenYes})
	}},
	{"sent again under another number", "O4", func(r *run) bool {
		i := r.refused()
		return i >= 0 && r.change(r.again(r.facts[i].name), func(f *fact) { f.seq++ })
	}},
	{"sent again, and nobody refused it", "O2 O4 O5", func(r *run) bool {
		i := r.refused()
		return i >= 0 && r.again(r.facts[i].name) >= 0 && r.change(i, func(f *fact) { f.load = false })
	}},
	{"sent again behind what was accepted later", "O2 O4", func(r *run) bool {
		for i := r.refused(); i >= 0; i = -1 {
			due := func(f fact) bool { return f.kind == factDue && !f.free && r.of(f.name, factDue) > i }
			again := r.find(i, func(f fact) bool { return f.kind == factDue && f.name == r.facts[i].name })
			return again >= 0 && r.move(again, r.find(again, due))
		}
		return false
	}},
	{"to be sent again, and nobody hears of it any more", "O2 O4 stalled_limit", func(r *run) bool {
		i := r.refused()
		if i < 0 {
			return false
		}
		name := r.facts[i].name
		before := len(r.facts)
		r.facts = append(r.facts[:i+1:i+1], slices.DeleteFunc(slices.Clone(r.facts[i+1:]), func(f fact) bool { return f.name == name })...)
		return len(r.facts) < before
	}},
	{"a number that is kept for what is to be sent again", "O4", func(r *run) bool {
		i := r.refused()
		if i < 0 {
			return false
		}
		again := r.again(r.facts[i].name)
		j := r.find(i, func(f fact) bool {
			return f.kind == factTaken && f.name != r.facts[i].name && r.of(f.name, factTaken) > i
		})
		due := r.find(i, func(f fact) bool { return f.kind == factDue && f.name == r.facts[i].name })
		return j >= 0 && j < due && again >= 0 && r.change(j, func(f *fact) { f.seq = r.facts[again].seq })
	}},
	{"the peer has too much, and nothing slows down", "throttle", func(r *run) bool {
		i := r.find(0, func(f fact) bool { return f.kind == factAnswer && f.load })
		return i >= 0 && r.cfg.TPS == 0 && r.facts[i+1].kind == factRate && r.first(factRate) == i+1 && r.facts[i+2].kind != factRate && r.drop(i+1)
	}},
	{"more goes out than the brake lets", "tps", func(r *run) bool {
		dues := 0
		for i := range r.facts {
			switch f := &r.facts[i]; {
			case f.kind == factRate:
				f.rate = 0.001
			case f.kind == factDue && !f.free && r.first(factRate) < i:
				dues++
			}
		}
		return r.first(factRate) >= 0 && dues > 2
	}},
	{"stalled, it says, and somebody answered", "stalled_limit", func(r *run) bool {
		return r.change(r.find(0, stalled), func(f *fact) { f.at = time.Millisecond })
	}},
	{"stalled, and it goes on", "stalled_limit", func(r *run) bool {
		i := r.find(0, stalled)
		return i >= 0 && r.cfg.TPS == 0 && r.first(factRate) < 0 && r.insert(i, fact{kind: factHold}) && r.insert(i, fact{kind: factAccept, name: "out999", class: request}) &&
			r.insert(i+2, fact{kind: factDue, name: "out999", at: r.facts[i+2].at + time.Millisecond})
	}},
	{"queue_full with room in the queue", "O5", func(r *run) bool {
		i := r.find(0, func(f fact) bool { return f.kind == factRefuse && f.code == CodeQueueFull && f.class != reply })
		return r.steady() && r.change(i, func(f *fact) { f.queued-- })
	}},
	{"it leaves the queue, and is held", "O5", func(r *run) bool {
		i := r.find(0, func(f fact) bool { return f.kind == factDue && r.classIs(request)(f) })
		return i >= 0 && (r.first(factHold) < 0 || r.first(factHold) > i) && r.insert(i, fact{kind: factHold, on: true})
	}},
	{"turned away, or a reply refused, and nothing is held", "O5", func(r *run) bool {
		before := len(r.facts)
		turned := r.find(0, func(f fact) bool {
			return f.code == CodeQueueFull && (f.kind == factFail || f.kind == factRefuse && f.class == reply)
		})
		r.facts = slices.DeleteFunc(r.facts, kindIs(factHold))
		return turned >= 0 && len(r.facts) < before
	}},
	{"a timeout before its time, which was changed", "O4", func(r *run) bool {
		i := r.first(factTune)
		late := r.find(i, func(f fact) bool { return f.kind == factTimeout && r.of(f.name, factTaken) > i })
		for j := range r.facts {
			r.facts[j].cfg.ResponseLimit = time.Hour
		}
		return i >= 0 && late >= 0
	}},
	{"accepted, and nobody hears of it again", "O4", func(r *run) bool {
		i := r.first(factStop)
		return r.insert(max(0, i), fact{kind: factAccept, name: "forgotten", class: request})
	}},
	{"a request of the peer that is not handled", "O3", func(r *run) bool {
		return r.drop(r.find(0, func(f fact) bool {
			i := r.of(f.name, factPeer)
			return f.kind == factSeen && i >= 0 && r.facts[i].must
		}))
	}},
	{"a request of the peer that is handled twice", "O3", func(r *run) bool {
		i := r.first(factSeen)
		return i >= 0 && r.insert(i, r.facts[i])
	}},
	{"requests of the peer that change places", "O3", func(r *run) bool {
		return r.move(r.pair(factSeen, func(fact) bool { return true }))
	}},
	{"a request of the peer that is answered twice", "O4", func(r *run) bool {
		i := r.first(factReplied)
		return i >= 0 && r.insert(i, r.facts[i])
	}},
	{"a request of the peer that gets no answer", "O4 drain", func(r *run) bool {
		i := r.first(factOwed)
		return i >= 0 && r.facts[len(r.facts)-1].must && r.drop(r.of(r.facts[i].name, factReplied))
	}},
	{"an unbind before the answer to what is in hand", "drain", func(r *run) bool {
		i := r.first(factUnbind)
		if i < 0 || !r.steady() || !r.cfg.auto(AutoReply) || r.cfg.NoAutoReply || r.cfg.UnbindLimit >= 0 && r.facts[i].at >= r.facts[r.first(factStopping)].at+r.cfg.UnbindLimit {
			return false
		}
		return r.move(r.find(0, func(f fact) bool {
			j := r.of(f.name, factPeer)
			return f.kind == factReplied && j >= 0 && r.facts[j].must
		}), i)
	}},
	{"a request of the peer that there was not", "O3", func(r *run) bool {
		return r.change(r.first(factSeen), func(f *fact) { f.name = "nobody" })
	}},
	{"a stop twice", "O1", func(r *run) bool {
		i := r.first(factStop)
		return r.insert(i, r.facts[i])
	}},
	{"no stop", "O1", func(r *run) bool { return r.drop(r.first(factStop)) }},
	{"handled after the stop", "O1 O3", func(r *run) bool {
		return r.move(r.first(factSeen), r.first(factStop))
	}},
	{"a response after the stop", "O1 O2 O4 O5 stalled_limit", func(r *run) bool {
		return r.move(r.find(0, func(f fact) bool { return f.kind == factResp && r.classIs(request)(f) }), r.first(factStop))
	}},
	{"lost, and it was answered", "O4", func(r *run) bool {
		i := r.find(0, func(f fact) bool { return f.kind == factResp && r.classIs(request)(f) })
		return i >= 0 && r.change(r.first(factStop), func(f *fact) { f.lost = append([]string{r.facts[i].name}, f.lost...) })
	}},
	{"lost, and not said", "O4", func(r *run) bool {
		i := r.first(factStop)
		return len(r.facts[i].lost) > 0 && r.change(i, func(f *fact) { f.lost = f.lost[1:] })
	}},
	{"lost, in another order", "O4", func(r *run) bool {
		i := r.first(factStop)
		return len(r.facts[i].lost) > 1 && r.change(i, func(f *fact) {
			f.lost = slices.Clone(f.lost)
			slices.Reverse(f.lost)
		})
	}},
}

// The ledger is worth as much as it catches: each mutation of each good run.
func TestLedgerCatchesEachMutation(t *testing.T) {
	type good struct {
		code []byte
		run
	}
	var all []good
	for _, code := range seeds() {
		cfg, facts, err := runProgram(code)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, good{code, run{cfg, facts}})
	}
	for _, mut := range mutations {
		t.Run(mut.name, func(t *testing.T) {
			applied := 0
			for _, good := range all {
				code, r := good.code, &run{good.cfg, slices.Clone(good.facts)}
				if !mut.apply(r) {
					continue
				}
				applied++
				err := check(r.cfg, r.facts)
				if err == nil {
					t.Fatalf("not caught in program %x\n%s", code, tell(r.facts))
				}
				said := err.Error()
				if !slices.ContainsFunc(strings.Fields(mut.rules), func(rule string) bool { return strings.Contains(said, rule+" broken") }) {
					t.Fatalf("caught as %q, want one of %s\n%s", said, mut.rules, tell(r.facts))
				}
			}
			if applied < 3 {
				t.Fatalf("it applies to %d programs only", applied)
			}
		})
	}
}
