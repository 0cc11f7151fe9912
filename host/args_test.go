package host

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
)

// either is a script that loads with one of two args.
func either(script string) string {
	return "assert(esme.args.wait or esme.args.delay, 'no wait, no delay')\n" + script
}

// A configuration that was refused because of the code that runs is applied when the script is mended, by whatever brings that
// in; SIGHUP takes a configuration and a script that belong together.
func TestAConfigurationAndAScriptThatBelongTogether(t *testing.T) {
	scan := func(w *bubble) { w.host.scan(w.t.Context(), true) }
	for name, tt := range map[string]struct {
		extra  string // of another bind
		refuse func(w *bubble)
		script string
		mend   func(w *bubble)
	}{
		"saved":        {"", scan, either(say("new", "")), scan},
		"a new bind":   {"  n: { smsc: 'smsc:1', system_id: n, script: s.lua, args: { delay: 1 } }\n", scan, either(say("new", "")), scan},
		"by a command": {"", scan, either(say("new", "")), func(w *bubble) { w.reload(ReloadRequest{Script: "s.lua"}) }},
		"SIGHUP":       {"", func(*bubble) {}, either(say("new", "")), func(w *bubble) { w.host.Hangup(context.Background()) }},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, needing("wait", say("old", "")), "args: { wait: 1 }", func(w *bubble) {
				yaml := strings.Replace(w.yaml("args: { delay: 1 }"), "watch: off", "watch: poll", 1)
				if name == "SIGHUP" {
					yaml = w.yaml("args: { delay: 1 }")
				}
				want := every("new0")
				if tt.extra != "" {
					yaml, want = w.yaml("args: { wait: 1 }")+tt.extra, every("new0")+" new0"
				}
				// What watches is poll from the start, so that a command may apply what was saved.
				if name == "by a command" {
					w.save("esmehost.yaml", strings.Replace(w.yaml("args: { wait: 1 }"), "watch: off", "watch: poll", 1))
					scan(w)
				}
				w.save("esmehost.yaml", yaml)
				tt.refuse(w)
				synctest.Wait()
				w.expect("refused", w.says(), every("old0"))
				w.save("s.lua", tt.script)
				tt.mend(w)
				synctest.Wait()
				w.expect("mended", w.says(), want)
				last := w.host.all()[len(w.host.all())-1]
				w.expect("args", fmt.Sprint(last.cfg.Args), "&{[] map[delay:1]}")
			})
		})
	}
}

// A script and args that are impossible without each other come together, whichever is saved first, and whatever brings them. The
// plan says so, what is kept takes the script too, and it is on trial as after any reload.
func TestAScriptThatNeedsNewArgs(t *testing.T) {
	script := func(w *bubble) { w.save("s.lua", needing("delay", say("new", ""))) }
	config := func(w *bubble) { w.configure("args: { delay: 1 }") }
	scan := func(w *bubble) { w.host.scan(w.t.Context(), true); synctest.Wait() }
	hangup := func(w *bubble) { w.host.Hangup(context.Background()); synctest.Wait() }
	for name, steps := range map[string][]func(w *bubble){
		"script first": {script, scan, config, scan},
		"config first": {config, scan, script, scan},
		"one save":     {script, config, scan},
		"SIGHUP":       {script, config, hangup},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, needing("wait", say("old", "")), "args: { wait: 1 }", func(w *bubble) {
				w.traffic(1)
				for _, step := range steps {
					step(w)
				}
				w.expect("says", w.says(), every("new0"))
				w.expect("story", w.story(), "started by start in 10 good, reloaded by configuration in 10 running")
				if s := w.status("b3"); s.Generation != 2 || s.State != "bound" {
					t.Errorf("%+v", s)
				}
				if !w.host.script("s.lua").onTrial() {
					t.Error("it need not prove itself")
				}
				scan(w)
				w.expect("nothing more is done", w.story(), "started by start in 10 good, reloaded by configuration in 10 running")
			})
		})
	}
}

// Binds that go on with their args take the script that comes with those of others, or keep all back.
func TestAScriptThatComesWithTheArgsOfOthers(t *testing.T) {
	one := func(w *bubble) string { return strings.Replace(w.yaml("args: { wait: 1 }"), "wait: 1", "delay: 1", 1) }
	for name, tt := range map[string]struct{ script, says, wrong string }{
		"taken":   {either(say("new", "")), "new0 " + strings.TrimSuffix(every("new1"), " new1"), ""},
		"refused": {either(say("new", "b7")), every("old1"), "not here"},
		"no load": {needing("other", say("new", "")), every("old1"), "no other"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, needing("wait", say("old", "")), "args: { wait: 1 }", func(w *bubble) {
				w.traffic(1)
				w.save("s.lua", tt.script)
				w.save("esmehost.yaml", one(w))
				plan, wrong := w.host.Plan()
				if tt.wrong == "" && !strings.HasPrefix(plan.String(), "* script s.lua is another from now on\n~ b0 restarted") {
					t.Errorf("%s\n%v", plan, wrong)
				}
				w.expect("a plan does nothing", w.says(), every("old1"))
				_, wrong = w.host.Apply(w.t.Context(), "test", true)
				synctest.Wait()
				if tt.wrong != "" && (!strings.Contains(wrong.Error(), "no wait") || !strings.Contains(wrong.Error(), tt.wrong)) {
					t.Errorf("%v", wrong)
				}
				w.expect("says", w.says(), tt.says)
			})
		})
	}
}
