package host

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/esmehost/esmehost/smsc"
)

// endless is a script that never stops loading, but for a limit; that it has begun is in the log.
const endless = "log.info('loading it')\nwhile true do end"

const withoutLimits = "limits: { load_time: infinity, load_instructions: infinity }"

// A stop waits for no code that is being loaded, whatever its limits: by a reload, a save, a configuration.
func TestAStopCutsALoadShort(t *testing.T) {
	for name, begin := range map[string]func(w *world){
		"reload": func(w *world) {
			w.save("s.lua", endless)
			w.host.Reload(context.Background(), ReloadRequest{By: "test"})
		},
		"check": func(w *world) {
			w.save("s.lua", endless)
			w.host.Reload(context.Background(), ReloadRequest{By: "test", Check: true})
		},
		"save": func(w *world) {
			w.save("s.lua", endless)
			w.host.scan(context.Background(), true)
		},
		"configuration": func(w *world) {
			w.save("other.lua", endless)
			w.save("esmehost.yaml", strings.ReplaceAll("watch: off\ndefaults: { "+withoutLimits+" }\nbinds: { x: { smsc: SMSC, system_id: x, script: other.lua } }\n", "SMSC", w.addr))
			w.host.Apply(context.Background(), "test", false)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorldOf(t, map[string]string{"s.lua": say("one", "")},
				"watch: off\nshutdown_limit: infinity\nbinds: { a: { smsc: SMSC, system_id: a, script: s.lua, sessions: 20, "+withoutLimits+" } }\n")
			done := make(chan struct{})
			go func() { begin(w); close(done) }()
			w.log.expect(t, "loading it")
			w.stop()
			<-done
			if strings.Contains(w.log.String(), "msg=reloaded") {
				t.Error("it was taken")
			}
		})
	}
}

// A stop that cannot wait any longer says what that costs, of each bind and of all.
func TestWhatAStopAbandonsIsSaid(t *testing.T) {
	w := newWorldWith(t, map[string]string{"s.lua": `return { handle_cast = function() for i = 1, 5 do assert(esme.send_pdu(pdu.submit_sm { destination_addr = "1" })) end end }`},
		"watch: off\nshutdown_limit: 50ms\nbinds:\n"+
			"  a: { smsc: SMSC, system_id: a, script: s.lua, window: 2, response_limit: infinity }\n"+
			"  b: { smsc: SMSC, system_id: b, script: s.lua, window: 2, response_limit: infinity }\n",
		smsc.Config{DropRate: 1})
	for _, name := range []string{"a", "b"} {
		target, err := w.host.Target(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := target.Cast("go"); err != nil {
			t.Fatal(err)
		}
		eventually(t, "five requests are accepted", func() bool { s := w.status(name); return s.InFlight == 2 && s.Queued == 3 })
	}
	err := w.end()
	if err == nil || !strings.Contains(err.Error(), "of 4 requests it is unknown whether the SMSC took them, and 6 never went out") {
		t.Error(err)
	}
	w.log.expect(t, "level=ERROR", "the bind has not drained", "bind=a", "in_flight=2", "queued=3")
	w.log.expect(t, "level=ERROR", "host stopped before all binds had drained", "unknown=4", "never_sent=6", `binds="a b"`)
	w.start()
	w.log.expect(t, "the last run ended without a drain")
}

// A host that drains changes nothing any more, and says why to who asks.
func TestAHostThatDrainsTakesNoChanges(t *testing.T) {
	script := `return { handle_cast = function() assert(esme.send_pdu(pdu.submit_sm { destination_addr = "1" })) end }`
	inBubbleWith(t, smsc.Config{DropRate: 1}, script, "response_limit: infinity, unbind_limit: 1h", func(w *bubble) {
		w.traffic(1)
		stop, ended := w.stop, make(chan struct{})
		go func() { defer close(ended); stop() }()
		synctest.Wait()
		w.save("s.lua", "return {} -- other")
		w.configure("window: 7")
		mark := w.log.String()
		for _, path := range []string{"/v1/start?bind=b0", "/v1/reload", "/v1/rollouts?script=s.lua&do=abort", "/v1/restart?bind=b0", "/v1/plan"} {
			answer := httptest.NewRecorder()
			w.host.routes().ServeHTTP(answer, httptest.NewRequest("POST", path, nil))
			if body := answer.Body.String(); !strings.Contains(body, `"stopped","message":"the host is stopping"`) {
				t.Errorf("%s: %s", path, body)
			}
		}
		w.host.Hangup(w.t.Context())
		w.host.scan(w.t.Context(), true)
		if _, _, err := w.host.Reload(w.t.Context(), ReloadRequest{}); err != errStopping {
			t.Error(err)
		}
		if said := strings.TrimPrefix(w.log.String(), mark); said != "" {
			t.Error(said)
		}
		if s := w.status("b0"); s.State != "stopping" || s.Generation != 1 {
			t.Errorf("%+v", s)
		}
		<-ended
	})
}
