package host

import (
	"context"
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
			})
		})
	}
}
