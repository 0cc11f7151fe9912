package host

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A bind that a script started and that has ended is seen with its reason, makes room for another of its name, and
// the oldest of too many are forgotten.
func TestLinkedBindsThatEnded(t *testing.T) {
	parent := `return { handle_call = function(name, _, state)
		local bind, err = esme.start_link("smsc", 1, "child.lua", {}, { name = name, system_id = "c", restart = "temporary" })
		return "reply", bind and bind.name or err.code, state
	end }`
	child := `return { handle_call = function() return "reply", "here" end,
		handle_info = function(m) if m.event == "bound" and esme.name ~= "stays" then esme.stop("done with it") end end }`
	inBubble(t, parent, "allow: { start_binds: true }", func(w *bubble) {
		w.save("child.lua", child)
		start := func(name string) string {
			target, _ := w.host.Target("b0")
			v, err := target.Call(w.t.Context(), name)
			if err != nil {
				w.t.Fatal(err)
			}
			time.Sleep(10 * time.Second) // it binds, and ends
			synctest.Wait()
			return fmt.Sprint(v)
		}
		w.expect("one that stays", start("stays"), "stays")
		w.expect("and its name", start("stays"), "exists")
		w.expect("a configured one", start("b1"), "exists")
		w.expect("one that ends", start("c"), "c")
		if s := w.status("c"); s.State != "failed" && s.State != "stopped" || !strings.Contains(s.LastError, "done with it") || s.Parent != "b0" {
			w.t.Errorf("%+v", s)
		}
		for range 3 {
			w.expect("again", start("c"), "c")
		}
		for i := range endedLinks + 5 {
			start(fmt.Sprintf("c%d", i))
		}
		var ended []string
		for _, s := range w.host.Status() {
			if s.Parent != "" && s.State != "bound" {
				ended = append(ended, s.Name)
			}
		}
		if _, ok := w.host.bind("c"); ok || len(ended) != endedLinks {
			w.t.Errorf("%d are kept: %q", len(ended), ended)
		}
		if s := w.status("stays"); s.State != "bound" {
			w.t.Errorf("%+v", s)
		}
		c, _ := w.host.bind(fmt.Sprintf("c%d", endedLinks+4))
		if _, err := w.host.Start([]*Bind{c}); err != nil || c.endedAt() != (time.Time{}) {
			w.t.Errorf("started again: %v", err)
		}
	})
}
