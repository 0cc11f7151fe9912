package host

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fleetOf is a configuration of so many binds of s.lua, that are bound to nothing.
func fleetOf(binds int, extra string) string {
	yaml := "watch: off\nbinds:\n"
	for i := range binds {
		yaml += fmt.Sprintf("  n%02d: { smsc: SMSC, system_id: n%02d, script: s.lua, args: { n: %d }, limits: { load_instructions: 100000 }, %s }\n", i, i, i, extra)
	}
	return yaml
}

// Code that costs all of its limit at load, or that does not load for one reason, is tried in a few binds and not in all.
func TestWhatDoesNotLoadIsNotTriedByAll(t *testing.T) {
	const endless = "while true do end"
	for _, c := range []struct {
		extra, source, words string
		check                bool
		most                 int // binds that find out themselves
	}{
		{"", endless, "limits.load_instructions", false, 1},
		{"", endless, "limits.load_instructions", true, 1},
		{"reload: each", endless, "limits.load_instructions", false, 3},
		{"", "error('at load')", "at load", false, 3},
		{"reload: each", "error('at load')", "at load", true, 3},
	} {
		t.Run(c.extra+" "+c.source, func(t *testing.T) {
			w := newWorldOf(t, map[string]string{"s.lua": say("one", "")}, fleetOf(20, c.extra))
			w.save("s.lua", c.source)
			outcomes, wrong, err := w.host.Reload(context.Background(), ReloadRequest{By: "test", Check: c.check})
			if err != nil || len(wrong) > 0 || len(outcomes) != 20 {
				t.Fatalf("%v, %v, %d", err, wrong, len(outcomes))
			}
			tried := 0
			for _, o := range outcomes {
				if o.Outcome != outcomeRefused || !strings.Contains(o.Error, c.words) {
					t.Errorf("%+v", o)
				}
				if !strings.Contains(o.Error, "not tried here") {
					tried++
				}
			}
			if tried == 0 || tried > c.most {
				t.Errorf("%d binds tried it", tried)
			}
			w.ask("n19", "one0")
		})
	}
}

// What does not load in some binds, because of their args, is still taken by those in which it does.
func TestWhatDoesNotLoadInSomeIsTakenByTheOthers(t *testing.T) {
	w := newWorldOf(t, map[string]string{"s.lua": say("one", "")}, fleetOf(20, "reload: each"))
	w.save("s.lua", "if esme.args.n % 2 == 1 then error('odd') end\n"+say("two", ""))
	outcomes, wrong, err := w.host.Reload(context.Background(), ReloadRequest{By: "test"})
	if err != nil || len(wrong) > 0 {
		t.Fatal(wrong, err)
	}
	for i, o := range outcomes {
		want := outcomeReloaded
		if i%2 == 1 {
			want = outcomeRefused
		}
		if o.Outcome != want {
			t.Errorf("%+v", o)
		}
	}
}

// A start and esmehost check do not load in each bind what uses up its limit in the first.
func TestAStartDoesNotTryWhatDoesNotLoadInAll(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "esmehost.yaml")
	for file, text := range map[string]string{"s.lua": "while true do end", "esmehost.yaml": strings.ReplaceAll(fleetOf(20, ""), "SMSC", "127.0.0.1:1")} {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cfg, wrong := LoadConfig(path)
	if len(wrong) > 0 {
		t.Fatal(wrong.Error())
	}
	h, wrong := newHost(cfg, nil, true)
	if len(wrong) != 1 || !strings.Contains(wrong.Error(), "limits.load_instructions") {
		t.Error(wrong.Error())
	}
	prog, _, _ := newReading(cfg.Scripts).compile("s.lua")
	if made, _ := h.make(cfg, cfg.Binds, prog); len(made) != 1 {
		t.Errorf("%d binds loaded it", len(made))
	}
}

// A host that is told to stop begins with no further reload, and in one that had begun with no further bind.
func TestAReloadEndsWithTheHost(t *testing.T) {
	w := newWorldOf(t, map[string]string{"s.lua": say("one", "")}, fleetOf(20, ""))
	w.stop()
	w.save("s.lua", say("two", ""))
	if got := w.reload(ReloadRequest{}); got != errStopping.Error() {
		t.Error(got)
	}
	prog, _, _ := newReading(w.host.config().Scripts).compile("s.lua")
	for _, o := range w.host.putAll(context.Background(), w.host.script("s.lua"), prog, ReloadRequest{}) {
		if !strings.Contains(o.Error, "ended before this bind's turn came") {
			t.Errorf("%+v", o)
		}
	}
}
