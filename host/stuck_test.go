package host

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// needing is say, but it loads only with an arg of the name.
func needing(arg, script string) string {
	return "assert(esme.args." + arg + ", 'no " + arg + "')\n" + script
}

// Where the last good code does not load any more, the host does not say that it went back: it says once that it cannot, writes
// nothing down, and the error limit ends the sessions.
func TestAWayBackThatFailsIsSaid(t *testing.T) {
	inBubble(t, needing("wait", say("old", "")), "args: { wait: 1 }, error_intensity: 2", func(w *bubble) {
		w.save("s.lua", boom("new"))
		w.reload(ReloadRequest{})
		w.configure("args: { delay: 1 }, error_intensity: 2")
		if _, wrong := w.host.Apply(w.t.Context(), "test", true); len(wrong) > 0 {
			t.Fatal(wrong)
		}
		synctest.Wait()
		before, session := w.story(), w.status("b0").Session
		for range 20 {
			w.host.all()[0].lua.Target().Cast(nil)
			time.Sleep(time.Second)
			synctest.Wait()
		}
		w.log.expect(t, "level=ERROR", "cannot go back to the old script", "no wait")
		log := w.log.String()
		if n := strings.Count(log, "cannot go back"); n != 1 {
			t.Errorf("it is said %d times", n)
		}
		if strings.Contains(log, "the host went back") {
			t.Error("it says that it went back")
		}
		w.expect("story", w.story(), before)
		if s := w.status("b0"); s.Session < session+2 {
			t.Errorf("the error limit ended no session: %+v", s)
		}
		s := w.host.script("s.lua")
		if time.Sleep(2 * trialTime); s.isGood(s.current()) {
			t.Error("bad code is good since nobody could go back from it")
		}
	})
}

// Canaries that cannot go back are named to who wants it, and nothing is written of them.
func TestACanaryThatCannotGoBack(t *testing.T) {
	inBubble(t, needing("wait", say("old", "")), "args: { wait: 1 }", func(w *bubble) {
		w.save("s.lua", say("new", ""))
		ask := ReloadRequest{Script: "s.lua", Canary: Canary{Binds: []string{"b0", "b1"}, For: time.Minute}}
		w.reload(ask)
		w.save("esmehost.yaml", strings.Replace(w.yaml("args: { wait: 1 }"), "wait: 1", "delay: 1", 1))
		if _, wrong := w.host.Apply(w.t.Context(), "test", true); len(wrong) > 0 {
			t.Fatal(wrong)
		}
		synctest.Wait()
		o, err := w.host.Decide(w.t.Context(), "s.lua", false)
		if err != nil || len(o) != 1 || o[0].Bind != "b0" || o[0].Outcome != outcomeRefused || !strings.Contains(o[0].Error, "no wait") {
			t.Fatal(o, err)
		}
		if r := w.rollout(rolloutBack, "b0 cannot go back"); len(r.Refused) != 1 || r.Refused[0] != "b0" {
			t.Errorf("%+v", r)
		}
		w.log.expect(t, "level=ERROR", "the canaries went back to the old script", "canaries=b1")
		w.expect("story", w.story(), "started by start in 10 good, canary by test in 2, went_back by command in 1 good running")
		w.expect("says", w.says(), strings.Replace(every("old0"), "old0", "new0", 1))

		w.save("s.lua", say("newer", ""))
		ask.Canary.Binds = []string{"b0"}
		w.reload(ask)
		before := w.story()
		if o, err := w.host.Decide(w.t.Context(), "s.lua", false); err != nil || len(o) != 1 {
			t.Fatal(o, err)
		}
		w.rollout(rolloutBack, "b0 cannot go back")
		w.expect("nobody went back", w.story(), before)
		w.stop()
		w.start()
		w.log.expect(t, "level=ERROR", "it runs all the same: the one before it does not load", "no wait")
		w.expect("says", w.says(), every("newer0"))
	})
}
