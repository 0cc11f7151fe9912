package host

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// However many versions come that did not prove themselves, the way back stays: the last good one, with its files.
func TestTheLastGoodVersionIsKept(t *testing.T) {
	for name, dir := range map[string]string{"on disk": t.TempDir(), "in memory": ""} {
		t.Run(name, func(t *testing.T) {
			a, err := openArchive(dir)
			if err != nil {
				t.Fatal(err)
			}
			hashes := make([]string, maxHistory+10)
			for i := range hashes {
				root := t.TempDir()
				(&world{t: t, dir: root}).save("s.lua", say(fmt.Sprint("v", i), ""))
				now := newReading(root)
				prog, wrong, _ := now.compile("s.lua")
				now.end()
				if len(wrong) > 0 {
					t.Fatal(wrong.Error())
				}
				if err := a.save(prog); err != nil {
					t.Fatal(err)
				}
				hashes[i] = prog.Hash
				v := Version{Hash: prog.Hash, What: "reloaded", Good: i == 1 || i == 3 || i == 4, Bad: i == 4}
				if i == 5 {
					v.What, v.Good = whatCanary, true
				}
				if err := a.change("s.lua", func(h *History) { h.Versions = append(h.Versions, v) }); err != nil {
					t.Fatal(err)
				}
			}
			versions := a.history("s.lua").Versions
			if n := len(versions); n != maxHistory+1 || versions[0].Hash != hashes[3] || versions[1].Hash != hashes[10] {
				t.Errorf("%d versions, the first %+v", n, versions[0])
			}
			if p := a.newest("s.lua", func(v Version) bool { return v.Good }); p == nil || p.Hash != hashes[3] {
				t.Error("the last good version cannot be had")
			}
			if _, err := a.load("s.lua", hashes[1]); err == nil {
				t.Error("a version that no history names is kept")
			}
		})
	}
}

// A start removes what a crash left half-written, and knows what another host has written meanwhile.
func TestAStartCleansUp(t *testing.T) {
	inBubble(t, say("one", ""), "", func(w *bubble) {
		w.stop()
		left := []string{filepath.Join(w.dir, "data", "scripts", ".new-1", "s.lua"), filepath.Join(w.dir, "data", "history", ".new-2")}
		for _, path := range left {
			if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte("half"), 0o600)); err != nil {
				t.Fatal(err)
			}
		}
		h, wrong := Load(filepath.Join(w.dir, "esmehost.yaml"), discard)
		if len(wrong) > 0 {
			t.Fatal(wrong.Error())
		}
		w.start() // it is quicker
		w.save("s.lua", say("two", ""))
		w.reload(ReloadRequest{})
		w.stop()
		for _, path := range left {
			if _, err := os.Stat(path); err == nil {
				t.Errorf("%s is left", path)
			}
		}
		if err := h.begin(w.t.Context()); err != nil {
			t.Fatal(err)
		}
		if x, err := h.History("s.lua"); err != nil || len(x.Versions) < 2 || x.Versions[1].What != "reloaded" {
			t.Errorf("what another host has written is lost: %+v %v", x, err)
		}
		h.end(true)
	})
}
