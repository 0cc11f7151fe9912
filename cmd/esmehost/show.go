package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/esmehost/esmehost/host"
)

// showBind is a copy of the example echo, whose script the demo saves by itself, for people to see what becomes of it.
const showBind = "friday"

type show struct {
	path string // of the script
	host *host.Host
	view *view
}

// act is one change: what is said, and what takes the place of what in the script that was good.
type act struct{ say, old, new string }

var acts = []act{
	{"a save: the next answers begin with \"Changed: \", in the same session", `state.greeting .. `, `"Changed: " .. `},
	{"a save with a mistake: it is refused, and the old code goes on", `local answer`, `lcoal answer`},
	{"a save that loads, but fails at each message: it comes in, and the host goes back by itself", `local answer`, `local answer = nil .. "" --`},
	{"the file is put right again, which is what runs", "", ""},
}

// run makes one change after the other, each when the one before has been dealt with and the script has answered a few
// messages since, until all are made or ctx ends.
func (s *show) run(ctx context.Context) error {
	src, err := os.ReadFile(s.path)
	if err != nil {
		return err
	}
	for _, a := range acts {
		if !s.view.answers(ctx, showBind, 3) {
			return nil
		}
		before := s.seen()
		next := src
		if a.old != "" {
			next = bytes.Replace(src, []byte(a.old), []byte(a.new), 1)
		}
		s.view.say("--- " + showBind + ".lua, " + a.say)
		if err := writeAnew(s.path, next); err != nil {
			return fmt.Errorf("the demo cannot save its script: %w", err)
		}
		for a.old != "" && s.seen() == before {
			if !s.view.answers(ctx, "echo", 1) { // time passes
				return nil
			}
		}
	}
	return nil
}

// seen is what a change of the script changes in the status of its bind.
func (s *show) seen() string {
	for _, b := range s.host.Status() {
		if b.Name == showBind {
			return fmt.Sprint(b.Generation, b.LastError)
		}
	}
	return ""
}

// writeAnew saves a file as editors do.
func writeAnew(path string, src []byte) error {
	tmp := filepath.Join(filepath.Dir(path), ".show.tmp")
	if err := os.WriteFile(tmp, src, 0o644); err != nil {
		return err
	}
	return os.Rename(tmp, path)
}
