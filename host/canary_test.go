package host

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/esmehost/esmehost/smsc"
)

// pipes is a listener in memory, so that hosts and their SMSC live in a bubble of made-up time.
type pipes struct {
	conns chan net.Conn
	ended chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.ended:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { close(p.ended); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case p.conns <- there:
		return here, nil
	case <-p.ended:
		return nil, errors.New("connection refused")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// bubble is a world without sockets, in which an hour costs nothing.
type bubble struct {
	world
	pipes *pipes
}

// inBubble runs test with a host of ten binds, b0 to b9, of one script.
func inBubble(t *testing.T, script, extra string, test func(w *bubble)) {
	t.Helper()
	inBubbleWith(t, smsc.Config{}, script, extra, test)
}

// inBubbleWith is inBubble with an SMSC of its own kind.
func inBubbleWith(t *testing.T, cfg smsc.Config, script, extra string, test func(w *bubble)) {
	t.Helper()
	long := trialTime
	trialTime = time.Minute // no machine is too busy for a minute that is made up
	defer func() { trialTime = long }()
	synctest.Test(t, func(t *testing.T) {
		w := &bubble{world: world{t: t, dir: t.TempDir(), log: newLines(), sim: smsc.New(cfg)}, pipes: &pipes{make(chan net.Conn), make(chan struct{})}}
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan struct{})
		go func() { defer close(ended); w.sim.Serve(ctx, w.pipes) }()
		w.save("s.lua", script)
		w.configure(extra)
		w.start()
		test(w)
		w.stop()
		cancel()
		<-ended
		time.Sleep(time.Minute) // whatever still has a timer
	})
}

func (w *bubble) configure(extra string) { w.save("esmehost.yaml", w.yaml(extra)) }

func (w *bubble) yaml(extra string) string {
	yaml := "watch: off\nbinds:\n"
	for i := range 10 {
		yaml += fmt.Sprintf("  b%d: { smsc: 'smsc:1', system_id: b%d, script: s.lua, %s }\n", i, i, extra)
	}
	return yaml
}

// start is that of a world, but nothing listens and nothing watches files.
func (w *bubble) start() {
	w.t.Helper()
	h, wrong := Load(filepath.Join(w.dir, "esmehost.yaml"), func(Log) *slog.Logger { return slog.New(slog.NewTextHandler(w.log, nil)) })
	if len(wrong) > 0 {
		w.t.Fatal(wrong.Error())
	}
	w.host = h
	h.dial.DialContext = w.pipes.dial
	ctx, cancel := context.WithCancel(context.Background())
	if err := h.begin(ctx); err != nil {
		w.t.Fatal(err)
	}
	for _, b := range h.all() {
		b.start(ctx)
	}
	w.stop = func() { cancel(); h.running.Wait(); h.background.wait(); h.end(true); w.stop = func() {} }
	synctest.Wait()
}

// traffic has all binds handle an event a second, for so long.
func (w *bubble) traffic(seconds int) {
	w.t.Helper()
	for range seconds {
		for _, b := range w.host.all() {
			if err := b.lua.Target().Cast("event"); err != nil && b.runs() {
				w.t.Fatal(err)
			}
		}
		time.Sleep(time.Second)
		synctest.Wait()
	}
}

// counted says what the binds of the script answer, and how many events they have counted.
func (w *bubble) says() string {
	var all []string
	for _, b := range w.host.all() {
		v, err := b.lua.Target().Call(context.Background(), nil)
		if err != nil {
			v = err.Error()
		}
		all = append(all, fmt.Sprint(v))
	}
	return strings.Join(all, " ")
}

func (w *bubble) story() string {
	h, err := w.host.History("s.lua")
	if err != nil {
		w.t.Fatal(err)
	}
	var all []string
	for _, v := range h.Versions {
		marks := ""
		if v.Good {
			marks += " good"
		}
		if v.Bad {
			marks += " bad"
		}
		if v.Running {
			marks += " running"
		}
		all = append(all, fmt.Sprintf("%s by %s in %d%s", v.What, v.By, v.Binds, marks))
	}
	return strings.Join(all, ", ")
}

func (w *bubble) rollout(state, why string) Rollout {
	w.t.Helper()
	all := w.host.Rollouts("s.lua")
	if len(all) != 1 || all[0].State != state || !strings.Contains(all[0].Why, why) {
		w.t.Fatalf("%+v, want %s: %s", all, state, why)
	}
	return all[0]
}

func (w *bubble) expect(what, got, want string) {
	w.t.Helper()
	if got != want {
		w.t.Errorf("%s:\n%s\nwant\n%s", what, got, want)
	}
}

// canaries are the binds that status calls so.
func (w *bubble) canaries() string {
	var names []string
	for _, s := range w.host.Status() {
		if s.Canary {
			names = append(names, s.Name)
		}
	}
	return strings.Join(names, " ")
}

func every(word string) string { return strings.TrimSpace(strings.Repeat(word+" ", 10)) }

// boom is say with an error at each event, which is counted all the same.
func boom(what string) string {
	return strings.Replace(say(what, ""), "state.n = state.n + 1 return state", "state.n = state.n + 1 error('boom')", 1)
}

func TestACanaryThatDoesWellIsTakenByAll(t *testing.T) {
	inBubble(t, say("old", ""), "rollout: { canary: 15%, for: 2m }", func(w *bubble) {
		w.traffic(10)
		w.save("s.lua", say("new", ""))
		w.host.scan(w.t.Context(), true)
		synctest.Wait()
		canaries := w.canaries()
		if n := len(strings.Fields(canaries)); n != 2 {
			t.Fatalf("15%% of 10 binds are %d: %s", n, canaries)
		}
		w.expect("files", w.story(), "started by start in 10 good running, canary by save in 2")
		w.traffic(119)
		w.expect("not yet", fmt.Sprint(strings.Count(w.says(), "old129"), strings.Count(w.says(), "new129")), "8 2")
		r := w.rollout(rolloutWatching, "")
		if r.Canaries.Events < 238 || r.Others.Events < 8*119 || r.Canaries.Binds != 2 || r.Others.Binds != 8 || strings.Join(r.Names, " ") != canaries {
			t.Errorf("%+v", r)
		}
		w.host.scan(w.t.Context(), true) // the same file: nothing new
		w.expect("looked at again", w.canaries(), canaries)
		w.traffic(2)
		w.expect("taken", w.says(), every("new131"))
		w.rollout(rolloutTaken, "0 errors in")
		w.expect("no canary", w.canaries(), "")
		w.log.expect(w.t, "the canaries did well: the others have their code now", "script=s.lua")
		w.traffic(61)
		w.expect("story", w.story(), "started by start in 10 good, canary by save in 2, reloaded by canary in 8 good running")
		for _, s := range w.host.Status() {
			if s.Session != 1 || s.Generation != 2 || s.State != "bound" {
				t.Errorf("%+v", s)
			}
		}
	})
}

func TestACanaryThatFailsGoesBack(t *testing.T) {
	inBubble(t, say("old", ""), "", func(w *bubble) {
		w.save("s.lua", boom("new"))
		ask := ReloadRequest{Script: "s.lua", Canary: Canary{Binds: []string{"b[34]"}, For: time.Minute}}
		w.expect("checked", func() string { r := ask; r.Check = true; return w.reload(r) }(), "b0 waiting 1 \nb1 waiting 1 \nb2 waiting 1 \nb3 reloaded 1 \nb4 reloaded 1 \nb5 waiting 1 \nb6 waiting 1 \nb7 waiting 1 \nb8 waiting 1 \nb9 waiting 1 ")
		w.reload(ask)
		w.expect("canaries", w.canaries(), "b3 b4")
		w.traffic(1)
		w.rollout(rolloutWatching, "") // two errors prove nothing
		w.traffic(2)
		w.rollout(rolloutBack, "errors in")
		w.log.expect(w.t, "level=ERROR", "the canaries went back to the old script, and the others keep it", "b3 b4", "4 errors in 4 events, against 0 in 16 of the others")
		w.expect("back, and nothing is forgotten", w.says(), every("old3"))
		w.expect("story", w.story(), "started by start in 10 good, canary by test in 2 bad, went_back by canary in 2 good running")
		w.host.scan(w.t.Context(), true)
		w.expect("the file is not read again", w.canaries(), "")
		for _, s := range w.host.Status() {
			if s.Session != 1 || s.State != "bound" {
				t.Errorf("%+v", s)
			}
		}
		w.save("s.lua", say("better", ""))
		w.expect("a plain reload", w.reload(ReloadRequest{}), func() string {
			var all []string
			for i := range 10 {
				all = append(all, fmt.Sprintf("b%d reloaded %d ", i, map[bool]int{true: 4, false: 2}[i == 3 || i == 4]))
			}
			return strings.Join(all, "\n")
		}())
	})
}

// What ends a canary besides the judge.
func TestHowACanaryEnds(t *testing.T) {
	begin := func(w *bubble, next string) {
		w.save("s.lua", next)
		w.reload(ReloadRequest{Script: "s.lua", Canary: Canary{Binds: []string{"b0"}, For: time.Minute}})
		w.traffic(10)
		w.rollout(rolloutWatching, "")
	}
	for name, tt := range map[string]struct {
		next string
		do   func(w *bubble)
	}{
		"no event": {say("new", ""), func(w *bubble) {
			w.host.Stop(w.t.Context(), w.host.all()[:1], true)
			w.save("s.lua", say("newer", ""))
			w.reload(ReloadRequest{Script: "s.lua", Canary: Canary{Binds: []string{"b0"}, For: time.Minute}})
			w.traffic(60)
			w.rollout(rolloutBack, "its binds had no event in 1m0s: nothing is proved")
			w.host.Start(w.host.all()[:1])
			synctest.Wait()
			w.traffic(1)
			w.expect("says", w.says(), strings.Replace(every("old71"), "old71", "old1", 1))
		}},
		"abort": {say("new", ""), func(w *bubble) {
			if o, err := w.host.Decide(w.t.Context(), "s.lua", false); err != nil || len(o) > 0 {
				t.Error(o, err)
			}
			w.rollout(rolloutBack, "the operator took it back")
			w.expect("says", w.says(), every("old10"))
			w.expect("story", w.story(), "started by start in 10 good, canary by test in 1, went_back by command in 1 good running")
			if _, err := w.host.Decide(w.t.Context(), "s.lua", false); err == nil || !strings.Contains(err.Error(), "no canary of 's.lua' is under way") {
				t.Error(err)
			}
		}},
		"promote": {say("new", ""), func(w *bubble) {
			if o, err := w.host.Decide(w.t.Context(), "s.lua", true); err != nil || len(o) != 10 {
				t.Error(o, err)
			}
			w.rollout(rolloutTaken, "the operator wanted all to have it")
			w.expect("says", w.says(), every("new10"))
		}},
		"a plain reload of the same": {say("new", ""), func(w *bubble) {
			w.reload(ReloadRequest{})
			w.rollout(rolloutTaken, "all at once was asked for")
			w.expect("says", w.says(), every("new10"))
		}},
		"newer code for all": {say("new", ""), func(w *bubble) {
			w.save("s.lua", say("newer", ""))
			w.reload(ReloadRequest{})
			w.rollout(rolloutReplaced, "newer code came")
			w.expect("says", w.says(), every("newer10"))
		}},
		"newer code for other canaries": {say("new", ""), func(w *bubble) {
			w.save("s.lua", say("newer", ""))
			w.reload(ReloadRequest{Canary: Canary{Binds: []string{"b1"}, For: time.Minute}})
			w.expect("canaries", w.canaries(), "b1")
			w.expect("says", w.says(), strings.Replace(every("old10"), "old10 old10", "old10 newer10", 1))
			w.traffic(60)
			w.expect("says", w.says(), every("newer70"))
		}},
		"newer code that is refused": {say("new", ""), func(w *bubble) {
			w.save("s.lua", say("newer", "b7"))
			w.reload(ReloadRequest{})
			w.reload(ReloadRequest{Canary: Canary{Percent: 50, For: time.Minute}})
			w.log.expect(w.t, "reload refused", "not here")
			w.save("s.lua", "return }")
			w.reload(ReloadRequest{})
			w.rollout(rolloutWatching, "")
			w.traffic(60)
			w.expect("says", w.says(), every("new70"))
		}},
		"the old code again": {say("new", ""), func(w *bubble) {
			w.save("s.lua", say("old", ""))
			w.host.scan(w.t.Context(), true)
			w.rollout(rolloutBack, "the old script was asked for again")
			w.expect("says", w.says(), every("old10"))
		}},
		"the error limit": {strings.Replace(say("new", ""), "state.n = state.n + 1", "if state.n == 12 then error('boom') end state.n = state.n + 1", 1), func(w *bubble) {
			w.traffic(2)
			target, _ := w.host.Target("b0")
			for range 21 {
				target.Cast("event")
			}
			synctest.Wait()
			w.rollout(rolloutBack, "b0 tripped the error limit")
			w.expect("says", w.says(), every("old12"))
			if s := w.status("b0"); s.Session != 1 || s.State != "bound" {
				t.Errorf("%+v", s)
			}
		}},
		"a bind that waited refuses in the end": {strings.Replace(say("new", ""), `assert(esme.name ~= "", "not here")`, `assert(state.n < 30, "too late")`, 1), func(w *bubble) {
			w.traffic(51)
			w.rollout(rolloutBack, "b1 cannot take it: code_change refused")
			w.expect("says", w.says(), every("old61"))
		}},
		"a restart and another configuration": {say("new", ""), func(w *bubble) {
			go w.host.Restart(w.t.Context(), w.host.all()[:1])
			time.Sleep(time.Second)
			synctest.Wait()
			w.expect("restarted", w.says(), strings.Replace(every("old10"), "old10", "new0", 1))
			w.configure("system_type: x")
			w.host.Apply(w.t.Context(), "test", true)
			time.Sleep(time.Second)
			synctest.Wait()
			w.expect("restarted for the configuration", w.says(), strings.Replace(every("old0"), "old0", "new0", 1))
			w.expect("canaries", w.canaries(), "b0")
			w.traffic(60)
			w.expect("taken", strings.Fields(w.says())[9], "new60")
		}},
		"no canary is left": {say("new", ""), func(w *bubble) {
			w.save("esmehost.yaml", "watch: off\nbinds:\n  b1: { smsc: 'smsc:1', system_id: b1, script: s.lua }\n")
			w.host.Apply(w.t.Context(), "test", true)
			time.Sleep(2 * time.Second)
			w.rollout(rolloutBack, "none of its binds is configured any more")
			w.expect("says", w.says(), "old10")
		}},
		"the host ends": {say("new", ""), func(w *bubble) {
			w.stop()
			w.log.expect(w.t, "the host ends before its canaries have proved their code")
			w.start()
			w.log.expect(w.t, "the file holds a version whose canaries had not proved it when the host ended: the one before it runs")
			w.expect("says", w.says(), every("old0"))
			w.expect("the whole host", fmt.Sprint(len(w.host.Rollouts(""))), "0")
			w.stop()
			w.save("s.lua", "return }") // and no file at all is no reason to run what was not proved
			w.start()
			w.expect("says", w.says(), every("old0"))
		}},
		"the old code trips": {say("new", ""), func(w *bubble) {
			// The old code is new itself, and goes back: then its canaries go too.
			s := w.host.script("s.lua")
			s.mu.Lock()
			s.good = s.canary.prog // any other program
			bad := s.prog
			s.mu.Unlock()
			b, _ := w.host.bind("b5")
			if !w.host.tripped(b, bad, "boom") {
				t.Fatal("nothing is on its way")
			}
			synctest.Wait()
			w.rollout(rolloutBack, "the others go back too: boom")
			w.expect("says", w.says(), every("new10"))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, say("old", ""), "", func(w *bubble) {
				begin(w, tt.next)
				tt.do(w)
				for _, b := range w.host.all() {
					if m := b.meter.Load(); m != nil && w.canaries() == "" {
						t.Errorf("%s is measured still", b.cfg.Name)
					}
				}
			})
		})
	}
}

// The old code may prove itself while canaries run: their way back to the state that they had is kept.
// A bind that is busy when all are to take the canaries' code says nothing about it: nothing goes back, and they are asked again.
func TestABusyBindCondemnsNoCanary(t *testing.T) {
	inBubble(t, say("old", ""), "", func(w *bubble) {
		w.save("s.lua", say("new", ""))
		w.reload(ReloadRequest{Script: "s.lua", Canary: Canary{Binds: []string{"b0"}, For: time.Minute}})
		w.traffic(10)
		release := make(chan struct{})
		if err := w.host.all()[5].client.Session().Do(func() { <-release }); err != nil {
			t.Fatal(err)
		}
		o, err := w.host.Decide(w.t.Context(), "s.lua", true)
		if err != nil || len(o) != 10 || o[5].Outcome != outcomeRefused || !strings.Contains(o[5].Error, "busy") {
			t.Error(o, err)
		}
		w.rollout(rolloutWatching, "")
		w.traffic(60)
		w.rollout(rolloutWatching, "")
		w.expect("canaries", w.canaries(), "b0")
		close(release)
		w.traffic(31)
		w.rollout(rolloutTaken, "0 errors")
		w.expect("story", w.story(), "started by start in 10 good, canary by test in 1, reloaded by canary in 9 running")
		w.expect("says", w.says(), every("new101"))
	})
}

// A canary that is no bind is refused also where nothing is to be done.
func TestACanaryThatIsNoBind(t *testing.T) {
	inBubble(t, say("old", ""), "", func(w *bubble) {
		for _, check := range []bool{false, true} {
			ask := ReloadRequest{Script: "s.lua", Canary: Canary{Binds: []string{"nosuch"}, For: time.Minute}, Check: check}
			if said := w.reload(ask); !strings.Contains(said, "no bind of the script is called 'nosuch'") {
				t.Errorf("check %v: %s", check, said)
			}
		}
	})
}

// Where nobody is left to be spared, all take the code at once, and that is said.
func TestACanaryOfAllIsSaid(t *testing.T) {
	inBubble(t, say("old", ""), "", func(w *bubble) {
		w.save("s.lua", say("new", ""))
		w.reload(ReloadRequest{Script: "s.lua", Canary: Canary{Binds: []string{"b*"}, For: time.Minute}})
		w.expect("says", w.says(), every("new0"))
		w.log.expect(w.t, "level=WARN", "all take the code at once", "canary=b*", "binds=10")
	})
}

// Binds that take code each for itself are asked beforehand too, and it is said which the others left behind.
func TestACanaryThatSomeRefuseEachForItself(t *testing.T) {
	inBubble(t, say("old", ""), "reload: each", func(w *bubble) {
		w.save("s.lua", say("new", "b5"))
		got := w.reload(ReloadRequest{Script: "s.lua", Canary: Canary{Binds: []string{"b0"}, For: time.Minute}})
		if !strings.Contains(got, "b4 waiting 1") || !strings.Contains(got, "b5 refused 1 code_change refused") {
			t.Error(got)
		}
		w.traffic(61)
		if r := w.rollout(rolloutTaken, "not taken by b5"); fmt.Sprint(r.Refused) != "[b5]" {
			t.Error(r.Refused)
		}
		w.log.expect(w.t, "level=WARN", "but for those that refuse it", "refused=b5")
		w.expect("says", w.says(), strings.Replace(every("new61"), "new61 new61 new61 new61 new61 new61", "new61 new61 new61 new61 new61 old61", 1))
	})
}

// Where none of the others takes it, it is not taken; where they are only busy, that says nothing.
func TestACanaryThatAllOthersRefuseEachForItself(t *testing.T) {
	inBubble(t, say("old", ""), "reload: each", func(w *bubble) {
		w.save("s.lua", strings.Replace(say("new", ""), `~= "", "not here"`, `== "b0", "not here"`, 1))
		ask := ReloadRequest{Script: "s.lua", Canary: Canary{Binds: []string{"b0"}, For: time.Minute}}
		w.reload(ask)
		w.traffic(61)
		w.rollout(rolloutBack, "none of the others can take it: b9: code_change refused")
		w.expect("says", w.says(), every("old61"))

		w.save("s.lua", say("newer", ""))
		w.reload(ask)
		release := make(chan struct{})
		for _, b := range w.host.all()[1:] {
			if err := b.client.Session().Do(func() { <-release }); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := w.host.Decide(w.t.Context(), "s.lua", true); err != nil {
			t.Error(err)
		}
		w.rollout(rolloutWatching, "")
		close(release)
		w.traffic(91)
		w.rollout(rolloutTaken, "0 errors")
	})
}

// A canary that refuses newer code goes back to what the others ran: its own code is nobody's any more.
func TestACanaryThatRefusesNewerCode(t *testing.T) {
	inBubble(t, say("old", ""), "reload: each", func(w *bubble) {
		w.save("s.lua", say("new", ""))
		w.reload(ReloadRequest{Script: "s.lua", Canary: Canary{Binds: []string{"b0", "b1"}, For: time.Minute}})
		w.save("s.lua", say("newer", "b1"))
		w.reload(ReloadRequest{})
		w.rollout(rolloutReplaced, "newer code came")
		w.expect("says", w.says(), strings.Replace(every("newer0"), "newer0 newer0", "newer0 old0", 1))
	})
}

// Canaries that are left alone run what the script is from then on.
func TestACanaryWithoutOthers(t *testing.T) {
	inBubble(t, say("old", ""), "", func(w *bubble) {
		w.save("s.lua", say("new", ""))
		w.reload(ReloadRequest{Script: "s.lua", Canary: Canary{Binds: []string{"b0"}, For: time.Minute}})
		w.save("esmehost.yaml", "watch: off\nbinds:\n  b0: { smsc: 'smsc:1', system_id: b0, script: s.lua }\n")
		w.host.Apply(w.t.Context(), "test", true)
		w.traffic(61)
		w.rollout(rolloutTaken, "0 errors")
		w.configure("")
		w.host.Apply(w.t.Context(), "test", true)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		w.expect("says", w.says(), strings.Replace(every("new0"), "new0", "new61", 1))
	})
}

func TestTheStateOfACanaryComesBack(t *testing.T) {
	inBubble(t, say("old", ""), "", func(w *bubble) {
		w.save("s.lua", say("mid", ""))
		w.reload(ReloadRequest{})
		w.traffic(5)
		w.save("s.lua", `return { version = 2,
			code_change = function() return { k = 0 } end,
			handle_cast = function(_, state) state.k = state.k + 1 assert(state.k <= 70, "late") return state end,
			handle_call = function(_, _, state) return "reply", "new" .. state.k, state end }`)
		w.reload(ReloadRequest{Canary: Canary{Binds: []string{"b9"}, For: 2 * time.Minute}})
		w.traffic(70)
		w.expect("settled meanwhile", w.story(), "started by start in 10 good, reloaded by test in 10 good running, canary by test in 1")
		w.expect("says", w.says(), strings.Repeat("mid75 ", 9)+"new70")
		w.traffic(5)
		w.rollout(rolloutBack, "3 errors in")
		w.expect("says", w.says(), strings.Repeat("mid80 ", 9)+"mid7")
	})
}

func TestCanaryOfAnEarlierVersion(t *testing.T) {
	inBubble(t, say("one", ""), "", func(w *bubble) {
		w.save("s.lua", say("two", ""))
		w.reload(ReloadRequest{})
		h, _ := w.host.History("s.lua")
		w.reload(ReloadRequest{Script: "s.lua", To: h.Versions[0].Hash, Canary: Canary{Percent: 1, For: time.Minute}})
		if n := strings.Count(w.says(), "one"); n != 1 {
			t.Errorf("1%% of 10 binds are %d", n)
		}
		w.traffic(60)
		w.expect("says", w.says(), every("one60"))
		w.stop()
		w.start()
		w.log.expect(w.t, "the file holds a version that the host went back from")
		w.expect("after another start", w.says(), every("one0"))
	})
}

func TestWhoIsCanary(t *testing.T) {
	for _, words := range []string{"0%", "100%", "-1%", "NaN%", "x%", "5%,a", "[", ",a"} {
		if c, err := ParseCanary(strings.Split(words, ",")); err == nil {
			t.Errorf("%q is %+v", words, c)
		}
	}
	inBubble(t, say("old", ""), "", func(w *bubble) {
		all := w.host.all()
		names := func(binds []*Bind) (names []string) {
			for _, b := range binds {
				names = append(names, b.cfg.Name)
			}
			return names
		}
		first := map[string]bool{}
		for i := range 20 {
			chosen, err := Canary{Percent: 5}.choose(all, fmt.Sprint(i), nil)
			if err != nil || len(chosen) != 1 {
				t.Fatal(names(chosen), err)
			}
			first[chosen[0].cfg.Name] = true
			if chosen, _ = (Canary{Percent: 11}).choose(all, fmt.Sprint(i), []string{"b3"}); len(chosen) != 2 || !slices.Contains(names(chosen), "b3") {
				t.Fatal(names(chosen))
			}
		}
		if len(first) < 5 {
			t.Errorf("chance prefers %v", first)
		}
		w.host.Stop(w.t.Context(), all[1:], true)
		if chosen, _ := (Canary{Percent: 5}).choose(all, "x", nil); names(chosen)[0] != "b0" {
			t.Errorf("%v is not the one that is bound", names(chosen))
		}
		if _, err := (Canary{Binds: []string{"c0"}}).choose(all, "x", nil); err == nil || !strings.Contains(err.Error(), "no bind of the script is called 'c0'; did you mean 'b0'?") {
			t.Error(err)
		}
		w.save("s.lua", say("new", ""))
		w.expect("no such canary", w.reload(ReloadRequest{Canary: Canary{Binds: []string{"c0"}}}), "not_found: no bind of the script is called 'c0'; did you mean 'b0'?")
		if got := w.reload(ReloadRequest{Canary: Canary{Binds: []string{"*"}, For: time.Minute}}); strings.Count(got, "reloaded") != 10 {
			t.Errorf("all of them: %s", got)
		}
	})
}
