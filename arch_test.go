// Package esmehost has no code of its own: this test keeps the house in order.
package esmehost

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const module = "github.com/esmehost/esmehost/"

// rooms says which rooms each room may know: only such as stand below it.
var rooms = map[string][]string{
	"cmd/esmehost":             {"capture", "host", "luabind", "esme", "smsc", "pdu", "examples", "diag"},
	"host":                     {"luabind", "luabind/vm", "esme", "pdu", "diag", "scripts"},
	"host/hosttest":            {},
	"luabind":                  {"luabind/vm", "esme", "pdu", "diag", "scripts"},
	"luabind/vm":               {"diag"},
	"luabind/vm/vmtest":        {},
	"luabind/internal/gendocs": {"luabind"},
	"esme":                     {"pdu"},
	"capture":                  {"pdu"},
	"smsc":                     {"esme", "pdu"},
	"pdu":                      {},
	"pdu/internal/gen":         {},
	"pdu/pdutest":              {"pdu"},
	"diag":                     {},
	"scripts":                  {},
	"examples":                 {},
	"interop":                  {},
}

func TestImportsPointDown(t *testing.T) {
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		room, ok := strings.CutPrefix(p.ImportPath, module)
		if !ok {
			continue // the root
		}
		allowed, known := rooms[room]
		if !known {
			t.Errorf("the room %s has no place in the house: give it one here and in docs/architecture.md", room)
			continue
		}
		seen++
		for _, imp := range p.Imports {
			if other, ours := strings.CutPrefix(imp, module); ours && !contains(allowed, other) {
				t.Errorf("%s imports %s, which is not below it", room, other)
			}
		}
	}
	if seen < 8 {
		t.Fatalf("only %d rooms were found", seen)
	}
}

func contains(all []string, s string) bool {
	for _, a := range all {
		if a == s {
			return true
		}
	}
	return false
}

// The host uses the session by the door that is open to everybody: esme keeps nothing beside it for its neighbours.
func TestOneDoor(t *testing.T) {
	for _, pattern := range []string{"esme/internal", "esme/*/internal"} {
		if dirs, _ := filepath.Glob(pattern); len(dirs) > 0 {
			t.Errorf("%v: a second door", dirs)
		}
	}
	files, _ := filepath.Glob("esme/*.go")
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(src), "//go:linkname") {
			t.Errorf("%s: a second door", file)
		}
	}
	if len(files) < 20 {
		t.Errorf("only %d files were looked at", len(files))
	}
}
