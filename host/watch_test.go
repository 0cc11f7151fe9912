package host

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/esmehost/esmehost/diag"
)

// stylesOfSaving are the ways in which editors and tools put a file into its place, each by its steps. Between two steps the
// host may look.
var stylesOfSaving = map[string]func(path, source string) []func() error{
	"in place": func(path, source string) []func() error {
		return []func() error{func() error { return os.WriteFile(path, []byte(source), 0o644) }}
	},
	"in pieces": func(path, source string) []func() error {
		write := func(n int) func() error { return func() error { return os.WriteFile(path, []byte(source[:n]), 0o644) } }
		return []func() error{write(0), write(len(source) / 3), write(len(source) - 5), write(len(source))}
	},
	"renamed": func(path, source string) []func() error { // also by rsync, git and most deployments
		tmp := filepath.Join(filepath.Dir(path), ".s.lua.x7Qk2")
		return []func() error{
			func() error { return os.WriteFile(tmp, []byte(source), 0o644) },
			func() error { return os.Rename(tmp, path) },
		}
	},
	"backed up": func(path, source string) []func() error { // by vim with backupcopy=no
		return []func() error{
			func() error { return os.Rename(path, path+"~") },
			func() error { return os.WriteFile(path, []byte(source), 0o644) },
			func() error { return os.Remove(path + "~") },
		}
	},
	"deleted before": func(path, source string) []func() error {
		return []func() error{
			func() error { return os.Remove(path) },
			func() error { return os.WriteFile(path, []byte(source), 0o644) },
		}
	},
	"with the time of writing kept": func(path, source string) []func() error { // by cp -p and tar
		return []func() error{func() error {
			st, err := os.Stat(path)
			if err != nil {
				return err
			}
			if err := os.WriteFile(path, []byte(source), 0o644); err != nil {
				return err
			}
			return os.Chtimes(path, st.ModTime(), st.ModTime())
		}}
	},
	"a folder that is replaced": func(path, source string) []func() error { // by Capistrano, and git worktrees
		dir, file := filepath.Split(filepath.Clean(path))
		dir = filepath.Clean(dir)
		return []func() error{
			func() error { return os.Mkdir(dir+".new", 0o755) },
			func() error { return os.CopyFS(dir+".new", os.DirFS(dir)) },
			func() error { return os.Remove(filepath.Join(dir+".new", file)) },
			func() error { return os.WriteFile(filepath.Join(dir+".new", file), []byte(source), 0o644) },
			func() error { return os.Rename(dir, dir+".old") },
			func() error { return os.Rename(dir+".new", dir) },
			func() error { return os.RemoveAll(dir + ".old") },
		}
	},
}

// Each way of saving becomes exactly one reload, whatever the host sees of its steps.
func TestStylesOfSaving(t *testing.T) {
	for _, mode := range []string{"auto", "poll"} {
		t.Run(mode, func(t *testing.T) {
			w := newWorldOf(t, map[string]string{"app/s.lua": say("v0", "")}, "scripts: .\nwatch: "+mode+"\nbinds: { a: { smsc: SMSC, system_id: a, script: app/s.lua } }")
			n := 0
			for name, style := range stylesOfSaving {
				if mode == "poll" && !slices.Contains([]string{"in place", "renamed", "with the time of writing kept"}, name) {
					continue // each takes a second there
				}
				n++
				for _, step := range style(filepath.Join(w.dir, "app/s.lua"), say(fmt.Sprintf("v%d", n), "")) {
					if err := step(); err != nil {
						t.Fatal(err)
					}
					if mode == "auto" {
						w.host.scan(t.Context(), false)
					}
				}
				w.log.expect(t, "msg=reloaded", fmt.Sprintf("generation=%d ", n+1))
				w.ask("a", fmt.Sprintf("v%d0", n))
				if s := w.status("a"); s.Generation != n+1 || s.Session != 1 {
					t.Fatalf("%s: %+v", name, s)
				}
			}
		})
	}
}

// A ConfigMap is a folder of links into a folder that is swapped by a link of its own.
func TestConfigMap(t *testing.T) {
	w := newWorldOf(t, map[string]string{"other.lua": say("other", "")}, "binds: { a: { smsc: SMSC, system_id: a, script: other.lua } }")
	w.stop()
	dir := filepath.Join(w.dir, "mounted")
	swap := func(n int) {
		t.Helper()
		version := filepath.Join(dir, fmt.Sprintf("..2026_%d", n))
		for _, step := range []func() error{
			func() error { return os.MkdirAll(version, 0o755) },
			func() error {
				return os.WriteFile(filepath.Join(version, "s.lua"), []byte(say(fmt.Sprintf("v%d", n), "")), 0o644)
			},
			func() error { return os.Symlink(filepath.Base(version), filepath.Join(dir, "..data_tmp")) },
			func() error { return os.Rename(filepath.Join(dir, "..data_tmp"), filepath.Join(dir, "..data")) },
			func() error { return os.RemoveAll(filepath.Join(dir, fmt.Sprintf("..2026_%d", n-1))) },
		} {
			if err := step(); err != nil {
				t.Fatal(err)
			}
		}
	}
	swap(1)
	if err := os.Symlink("..data/s.lua", filepath.Join(dir, "s.lua")); err != nil {
		t.Fatal(err)
	}
	w.save("esmehost.yaml", fmt.Sprintf("scripts: mounted\nbinds: { a: { smsc: %q, system_id: a, script: s.lua } }", w.addr))
	w.start()
	waitBound(w)
	for n := 2; n <= 4; n++ {
		swap(n)
		w.log.expect(t, "msg=reloaded", fmt.Sprintf("generation=%d ", n))
		w.ask("a", fmt.Sprintf("v%d0", n))
	}
}

// A module that is changed reloads the binds that use it, and no others.
func TestAModuleReloadsItsUsers(t *testing.T) {
	using := func(module string) string { return fmt.Sprintf("local word = require(%q)\n", module) }
	script := `return { handle_call = function(_, _, state) return "reply", word, state end }`
	w := newWorldOf(t, map[string]string{
		"one.lua": using("lib.one") + script, "two.lua": using("lib.two") + script, "both.lua": using("lib.through") + script,
		"lib/one.lua": "return '1'", "lib/two.lua": "return '2'", "lib/through.lua": "return require('lib.one') .. require('lib.two')",
	}, `binds:
  one: { smsc: SMSC, system_id: one, script: one.lua }
  two: { smsc: SMSC, system_id: two, script: two.lua }
  both: { smsc: SMSC, system_id: both, script: both.lua }
`)
	generations := func() (all [3]int) {
		for i, b := range []string{"one", "two", "both"} {
			all[i] = w.status(b).Generation
		}
		return all
	}
	for _, step := range []struct {
		file, source string
		answers      [3]string
		want         [3]int
	}{
		{"lib/one.lua", "return 'I'", [3]string{"I", "2", "I2"}, [3]int{2, 1, 2}},
		{"lib/two.lua", "return 'II'", [3]string{"I", "II", "III"}, [3]int{2, 2, 3}},
		{"lib/unused.lua", "return 'III'", [3]string{"I", "II", "III"}, [3]int{2, 2, 3}},
		{"lib/through.lua", "return require('lib.two') .. require('lib.one')", [3]string{"I", "II", "III"}, [3]int{2, 2, 4}},
		{"one.lua", using("lib.unused") + script, [3]string{"III", "II", "III"}, [3]int{3, 2, 4}},
		{"lib/unused.lua", "return 'IV'", [3]string{"IV", "II", "III"}, [3]int{4, 2, 4}}, // used by now
	} {
		w.save(step.file, step.source)
		if !eventually(t, "the users of "+step.file+" are reloaded", func() bool { return generations() == step.want }) {
			t.Fatalf("%v, not %v", generations(), step.want)
		}
		for i, b := range []string{"one", "two", "both"} {
			w.ask(b, step.answers[i])
		}
	}
	if got := generations(); got != [3]int{4, 2, 4} {
		t.Error(got)
	}
}

// Events are hints only: a save whose events are lost is found when the queue says that it overflowed, in whatever folder it
// was made.
func TestLostEvents(t *testing.T) {
	w := newWorldOf(t, map[string]string{"s.lua": say("v0", "")}, "watch: off\nbinds: { a: { smsc: SMSC, system_id: a, script: s.lua } }")
	w.host.mu.Lock()
	cfg := *w.host.cfg
	cfg.Watch = "auto"
	w.host.cfg = &cfg
	w.host.mu.Unlock()
	seen := w.host.watch()
	if seen.notify == nil {
		t.Skip("no notice of changed files is to be had here")
	}
	seen.poll = false // it would find them too
	ctx, cancel := context.WithCancel(t.Context())
	var watching sync.WaitGroup
	watching.Go(func() { seen.run(ctx, nil) })
	defer watching.Wait()
	defer cancel()
	for n := 1; n <= 3; n++ {
		for _, dir := range seen.notify.WatchList() {
			if err := seen.notify.Remove(dir); err != nil {
				t.Fatal(err)
			}
		}
		w.save("s.lua", say(fmt.Sprintf("v%d", n), ""))
		w.ask("a", fmt.Sprintf("v%d0", n-1)) // nobody knows of it
		seen.notify.Errors <- fsnotify.ErrEventOverflow
		w.log.expect(t, "msg=reloaded", fmt.Sprintf("generation=%d ", n+1))
		w.ask("a", fmt.Sprintf("v%d0", n))
		if !slices.Contains(seen.notify.WatchList(), w.dir) { // and it watches again
			t.Errorf("watched: %v", seen.notify.WatchList())
		}
	}
}

// A look at a configuration that says nothing new does not begin the watching anew: within the grain of the file system's
// clock every look finds the file to have changed perhaps, and each would cause the next.
func TestALookIsNoChange(t *testing.T) {
	dir := t.TempDir()
	h := (*Host)(nil)
	for _, step := range []struct {
		config string
		anew   bool
	}{
		{"watch: off\nbinds: { a: { smsc: 'h:1', system_id: a, script: s.lua } }", false},
		{"watch: off\nbinds: { a: { smsc: 'h:1', system_id: a, script: s.lua } }", false},
		{"watch: off\nbinds: { a: { smsc: 'h:1', system_id: a, script: s.lua, labels: { a: b } } }", false},
		{"watch: poll\nbinds: { a: { smsc: 'h:1', system_id: a, script: s.lua, labels: { a: b } } }", true},
		{"scripts: lib\nwatch: poll\nbinds: { a: { smsc: 'h:1', system_id: a, script: s.lua, labels: { a: b } } }", true},
		{"scripts: lib\nwatch: poll\nbinds: { a: { smsc: 'h:1', system_id: a, password_file: lib/p, script: s.lua, labels: { a: b } } }", true},
	} {
		for file, src := range map[string]string{"s.lua": say("a", ""), "lib/s.lua": say("a", ""), "lib/p": "secret", "esmehost.yaml": step.config} {
			(&world{t: t, dir: dir}).save(file, src)
		}
		if h == nil {
			var wrong diag.List
			if h, wrong = Load(filepath.Join(dir, "esmehost.yaml"), discard); len(wrong) > 0 {
				t.Fatal(wrong.Error())
			}
		}
		h.scan(t.Context(), false)
		if anew := len(h.watchAnew) > 0; anew != step.anew {
			t.Errorf("watched anew: %v, by\n%s", anew, step.config)
		}
		select {
		case <-h.watchAnew:
		default:
		}
	}
}

// saveUnseen is a save of which no event tells: through a link from a folder that nobody watches, and some time ago.
func (w *world) saveUnseen(file, source string) {
	path := filepath.Join(w.dir, file)
	link := filepath.Join(w.t.TempDir(), "x")
	if err := os.Link(path, link); err != nil {
		w.t.Skip("no hard links here: ", err)
	}
	if err := os.WriteFile(link, []byte(source), 0o644); err != nil {
		w.t.Fatal(err)
	}
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(link, old, old); err != nil {
		w.t.Fatal(err)
	}
}

// A poll runs beside the events, for what they do not tell.
func TestThePollBesideTheEvents(t *testing.T) {
	defer func(d time.Duration) { slowPoll = d }(slowPoll)
	slowPoll = 10 * time.Millisecond
	config := "watch: auto\nbinds: { a: { smsc: SMSC, system_id: a, script: s.lua } }"
	w := newWorldOf(t, map[string]string{"s.lua": say("v1", "")}, config)
	defer w.stop()
	w.saveUnseen("s.lua", say("v2", ""))
	w.log.expect(t, "msg=reloaded", "generation=2 ")
	w.saveUnseen("esmehost.yaml", strings.Replace(strings.ReplaceAll(config, "SMSC", w.addr), "system_id", "window: 7, system_id", 1))
	w.log.expect(t, "configuration: = a kept, with another window")
}

// Whoever only asks what would change does not hide the change from the watcher.
func TestALookHidesNoSave(t *testing.T) {
	config := "watch: off\nbinds: { a: { smsc: SMSC, system_id: a, script: s.lua } }"
	w := newWorldOf(t, map[string]string{"s.lua": say("v1", "")}, config)
	w.host.scan(t.Context(), true)
	w.saveUnseen("s.lua", say("v2", ""))
	w.saveUnseen("esmehost.yaml", strings.Replace(strings.ReplaceAll(config, "SMSC", w.addr), "system_id", "window: 7, system_id", 1))
	if got := w.reload(ReloadRequest{Check: true}); !strings.HasPrefix(got, "a reloaded 1") {
		t.Error(got)
	}
	if p, wrong := w.host.Plan(); len(wrong) > 0 || !p.Changes() {
		t.Errorf("%v %v", p, wrong)
	}
	w.host.scan(t.Context(), false)
	w.ask("a", "v20")
	if c := w.host.config().Binds[0].ESME.Window; c != 7 {
		t.Error("window", c)
	}
}

// The configuration's own events are seen, however its path is written.
func TestEventsOfTheConfiguration(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	w := &world{t: t, dir: dir}
	w.save("s.lua", say("a", ""))
	w.save("p", "secret")
	for _, path := range []string{"esmehost.yaml", "./esmehost.yaml", dir + "/./esmehost.yaml"} {
		w.save("esmehost.yaml", "watch: auto\nbinds: { a: { smsc: 'h:1', system_id: a, password_file: p, script: s.lua } }")
		h, wrong := Load(path, discard)
		if len(wrong) > 0 {
			t.Fatal(wrong.Error())
		}
		seen := h.watch()
		if seen.notify == nil {
			t.Skip("no notice of changed files is to be had here")
		}
		for _, file := range []string{"esmehost.yaml", "p"} {
			if err := os.WriteFile(file, []byte("other"), 0o644); err != nil {
				t.Fatal(err)
			}
			for e := range seen.notify.Events {
				if filepath.Base(e.Name) == file {
					if !seen.concerns(e) {
						t.Errorf("%s: the event %v is passed over", path, e)
					}
					break
				}
			}
		}
		seen.notify.Close()
	}
}

// Without watching nothing is read until somebody asks, however long it takes.
func TestWatchOff(t *testing.T) {
	dir := t.TempDir()
	w := &world{t: t, dir: dir}
	w.save("s.lua", say("v1", ""))
	w.save("esmehost.yaml", "watch: off\nbinds: { a: { smsc: 'h:1', system_id: a, script: s.lua } }")
	h, wrong := Load(filepath.Join(dir, "esmehost.yaml"), discard)
	if len(wrong) > 0 {
		t.Fatal(wrong.Error())
	}
	w.save("s.lua", say("v2", ""))
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		go h.watch().run(ctx, nil)
		time.Sleep(48 * time.Hour)
		cancel()
		synctest.Wait()
	})
	b, _ := h.bind("a")
	if g := b.lua.Info().Generation; g != 1 {
		t.Error("generation", g)
	}
}

// A configuration that was refused because of a script is read again when that script, or what it requires, changes.
func TestAConfigurationThatWaitsForItsScript(t *testing.T) {
	for name, tt := range map[string]struct{ broken, mended map[string]string }{
		"there was none":    {nil, map[string]string{"n.lua": say("n", "")}},
		"it is no Lua":      {map[string]string{"n.lua": "return }"}, map[string]string{"n.lua": say("n", "")}},
		"it does not load":  {map[string]string{"n.lua": "error('boom')"}, map[string]string{"n.lua": say("n", "")}},
		"its module is bad": {map[string]string{"n.lua": "require 'm' " + say("n", ""), "m.lua": "}"}, map[string]string{"m.lua": "return {}"}},
		"its module misses": {map[string]string{"n.lua": "require 'm' " + say("n", "")}, map[string]string{"m.lua": "return {}"}},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, say("old", ""), "", func(w *bubble) {
				for file, src := range tt.broken {
					w.save(file, src)
				}
				w.save("esmehost.yaml", "watch: off\nbinds:\n  b0: { smsc: 'smsc:1', system_id: b0, script: s.lua }\n  n: { smsc: 'smsc:1', system_id: n, script: n.lua }\n")
				w.host.scan(w.t.Context(), true)
				w.log.expect(w.t, "configuration refused")
				if w.host.scan(w.t.Context(), false); w.host.configStale() {
					t.Error("it is read again although nothing has changed")
				}
				for file, src := range tt.mended {
					w.save(file, src)
				}
				w.host.scan(w.t.Context(), true)
				synctest.Wait()
				w.expect("says", w.says(), "old0 n0")
			})
		})
	}
}

// What was saved between the reading of a start and the watching is taken at its beginning; what makes no sense is read once
// more before anything is said, and said soon then.
func TestTheFirstLookAndTheSecond(t *testing.T) {
	inBubble(t, say("v1", ""), "", func(w *bubble) {
		w.save("esmehost.yaml", strings.Replace(w.yaml(""), "watch: off", "watch: poll", 1))
		w.host.Apply(w.t.Context(), "test", true)
		w.save("s.lua", say("v2", ""))
		ctx, cancel := context.WithCancel(w.t.Context())
		defer cancel()
		go w.host.watch().run(ctx, nil)
		time.Sleep(time.Millisecond)
		synctest.Wait()
		w.expect("at once", w.says(), every("v20"))

		refused := func() bool { return strings.Contains(w.log.String(), "reload refused") }
		w.save("s.lua", "retur")
		time.Sleep(quickPoll)
		w.save("s.lua", say("v3", ""))
		time.Sleep(grace)
		synctest.Wait()
		if w.expect("half of a file", w.says(), every("v30")); refused() {
			t.Error("half of a file was complained about")
		}
		w.save("s.lua", "retur")
		time.Sleep(quickPoll - grace)
		if synctest.Wait(); refused() {
			t.Error("it was complained about after one look")
		}
		time.Sleep(grace + time.Millisecond)
		if synctest.Wait(); !refused() {
			t.Error("it was not complained about after the second look")
		}
	})
}

// A save that a busy bind does not take is tried again, but not when newer code came, or somebody went back, meanwhile.
func TestASaveThatMetABusyBind(t *testing.T) {
	for name, tt := range map[string]struct {
		extra string
		then  func(w *bubble)
		want  string
	}{
		"together": {"", func(*bubble) {}, every("new0")},
		"each":     {"reload: each", func(*bubble) {}, every("new0")},
		"canary":   {"rollout: { canary: [b5], for: 5m }", func(*bubble) {}, strings.Replace(every("old0"), "old0 old0 old0 old0 old0 old0", "old0 old0 old0 old0 old0 new0", 1)},
		"newer": {"", func(w *bubble) {
			w.save("s.lua", say("newer", ""))
			w.host.scan(w.t.Context(), true)
		}, every("newer0")},
		"by command": {"reload: each", func(w *bubble) { w.reload(ReloadRequest{Script: "s.lua", To: w.host.script("s.lua").good.Hash}) }, every("old0")},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, say("old", ""), tt.extra, func(w *bubble) {
				release := make(chan struct{})
				if err := w.host.all()[5].client.Session().Do(func() { <-release }); err != nil {
					t.Fatal(err)
				}
				w.save("s.lua", say("new", ""))
				w.host.scan(w.t.Context(), true)
				w.log.expect(t, "reload refused", "busy")
				time.Sleep(retryEvery / 2)
				close(release)
				synctest.Wait()
				w.host.scan(w.t.Context(), false)
				if s := w.status("b5"); s.Generation != 1 {
					t.Errorf("it is tried again at once: %+v", s)
				}
				tt.then(w)
				for range 3 {
					time.Sleep(retryEvery)
					w.host.scan(w.t.Context(), false)
					synctest.Wait()
				}
				w.expect("says", w.says(), tt.want)
			})
		})
	}
}
