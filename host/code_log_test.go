package host

import (
	"regexp"
	"strings"
	"testing"
)

// Each line of a bind that runs a script says once which generation and hash it is about.
func TestEachLineOfABindNamesItsCode(t *testing.T) {
	const script = `return { version = 1, code_change = function(_, state) return state end,
		handle_pdu = function(p) if p.text == "bad" then error("told to") end log.info("came", { text = p.text, generation = 77 }) end }`
	w := newWorld(t, map[string]string{"s.lua": script}, "")
	w.deliver("s", "bad")
	w.deliver("s", "a")
	hash := w.status("s").Hash[:12]
	for _, words := range [][]string{{"msg=connected"}, {"msg=bound"}, {`msg="script error"`, "told to"}, {"msg=came", "fields="}} {
		w.log.expect(t, append(words, "bind=s", "generation=1 ", "hash="+hash)...)
	}
	w.save("s.lua", script+"\n-- another")
	w.log.expect(t, "msg=reloaded")
	w.deliver("s", "b")
	changed := w.status("s").Hash[:12]
	w.stop()
	w.log.expect(t, `msg="session ended"`, "bind=s", "generation=2 ", "hash="+changed)
	code := regexp.MustCompile(` generation=[12] hash=[0-9a-f]{12}\b`)
	for line := range strings.Lines(w.log.String()) {
		if !strings.Contains(line, " bind=s ") {
			continue
		}
		if n := len(code.FindAllString(line, -1)); n != 1 || strings.Count(line, " hash=") != 1 {
			t.Errorf("%d times: %s", n, line)
		}
	}
}
