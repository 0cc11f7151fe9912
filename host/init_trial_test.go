package host

import (
	"strings"
	"testing"
)

const quickBinds = `
watch: off
defaults: { backoff: { min: 1ms, max: 5ms } }
binds:
  a: { smsc: SMSC, system_id: a, script: s.lua }
  b: { smsc: SMSC, system_id: b, script: s.lua }
`

// diesInit is say whose init raises an error, if the condition holds.
func diesInit(what, condition string) string {
	return strings.Replace(say(what, ""), "return { n = 0 }", "if "+condition+" then error('stillborn') end return { n = 0 }", 1)
}

// Code that kills a bind when it connects again, soon after it came, is gone back from by all, or no bind would come up any
// more: neither a reload nor a try of it runs init.
func TestCodeThatDiesInInitIsTakenBack(t *testing.T) {
	w := newWorldOf(t, map[string]string{"s.lua": say("one", "")}, quickBinds)
	w.save("s.lua", diesInit("two", "true"))
	w.reload(ReloadRequest{})
	w.ask("a", "two0")
	w.sim.Drop("a", true)
	w.log.expect(t, "level=ERROR", "the host went back to the last good one", "bind=a", "binds=2", "died in init: s.lua:2: stillborn")
	waitBound(w)
	w.ask("a", "one0")
	w.ask("b", "one0")
	if s := w.status("b"); s.Session != 1 || s.Generation != 3 {
		t.Errorf("%+v", s)
	}
	h, err := w.host.History("s.lua")
	if err != nil {
		t.Fatal(err)
	}
	if v := h.Versions; len(v) != 3 || v[2].What != "went_back" || !strings.Contains(v[2].Why, "a died in init") || !v[1].Bad || h.Passed != v[1].Hash {
		t.Errorf("%+v", h)
	}
}

// Code that refuses the session there keeps the bind down as well; unless it ends in order: that is meant.
func TestCodeThatRefusesInInitIsTakenBack(t *testing.T) {
	refuses := func(what, reason string) string {
		return strings.Replace(say(what, ""), "return { n = 0 }", "return nil, '"+reason+"'", 1)
	}
	w := newWorldOf(t, map[string]string{"s.lua": say("one", "")}, quickBinds)
	w.save("s.lua", refuses("two", "no args"))
	w.reload(ReloadRequest{})
	w.ask("a", "two0")
	w.sim.Drop("a", true)
	w.log.expect(t, "level=ERROR", "the host went back to the last good one", "bind=a", "binds=2", "init refused: no args")
	waitBound(w)
	w.ask("a", "one0")
	mark := w.log.mark()
	w.save("s.lua", refuses("three", "normal"))
	w.reload(ReloadRequest{})
	n := w.status("a").Session
	w.sim.Drop("a", true)
	eventually(t, "a tries again", func() bool { return w.status("a").Session >= n+3 })
	w.ask("b", "three0")
	w.stop()
	if line, found := w.log.since(mark, "went back"); found {
		t.Error(line)
	}
}

// So does a start with such code.
func TestAStartWithCodeThatDiesInInitGoesBack(t *testing.T) {
	w := newWorldOf(t, map[string]string{"s.lua": say("one", "")}, quickBinds)
	w.stop()
	w.save("s.lua", diesInit("two", "true"))
	w.start()
	w.log.expect(t, "level=ERROR", "the host went back to the last good one", "died in init")
	waitBound(w)
	w.ask("a", "one0")
	w.ask("b", "one0")
}

// A bind that is new, and one whose init died with the code before, too, prove nothing against new code.
func TestInitThatDiedBeforeIsNoProof(t *testing.T) {
	w := newWorldOf(t, map[string]string{"s.lua": diesInit("one", "esme.name == 'z'")}, quickBinds)
	dies := func() { // a few times more
		n := w.status("z").Session
		eventually(t, "z tries again", func() bool { return w.status("z").Session >= n+3 })
	}
	w.save("s.lua", diesInit("two", "esme.name == 'z'"))
	w.reload(ReloadRequest{})
	w.save("esmehost.yaml", strings.ReplaceAll(quickBinds+"  z: { smsc: SMSC, system_id: z, script: s.lua }\n", "SMSC", w.addr))
	if _, wrong := w.host.Apply(t.Context(), "test", false); len(wrong) > 0 {
		t.Fatal(wrong.Error())
	}
	dies()
	w.save("s.lua", diesInit("three", "esme.name == 'z'"))
	w.reload(ReloadRequest{})
	dies()
	w.ask("a", "three0")
	w.stop()
	if line, found := w.log.since(0, "went back"); found {
		t.Error(line)
	}
}
