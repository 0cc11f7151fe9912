package host

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/esmehost/esmehost/esme"
	"github.com/esmehost/esmehost/luabind/vm"
)

// VersionDiff is a version with what it changed.
type VersionDiff struct {
	Version
	Running bool   `json:"running"` // it is what the binds run now
	Diff    string `json:"diff"`    // unified, from the version before; empty where nothing changed
}

// ScriptHistory is what esmehost history shows, the oldest version first.
type ScriptHistory struct {
	Script   string        `json:"script"`
	Passed   string        `json:"passed,omitempty"` // in the file, and not to run: the host or an operator went back from it
	Versions []VersionDiff `json:"versions"`
}

// History returns what happened to a script. The error is an *esme.Error: not_found.
func (h *Host) History(script string) (ScriptHistory, error) {
	all, err := h.archive.versions(script)
	if err != nil {
		return ScriptHistory{}, err
	}
	p := h.script(script).current()
	for i := range slices.Backward(all.Versions) { // what came after it is no version that all run
		if p != nil && p.Hash == all.Versions[i].Hash {
			all.Versions[i].Running = true
			break
		}
	}
	return all, nil
}

// ReadHistory returns what a host has kept in its data_dir, which need not run. Nothing is changed.
// The error is an *esme.Error: not_found.
func ReadHistory(dataDir, script string) (ScriptHistory, error) {
	a := &archive{dir: dataDir, programs: map[string]*vm.Program{}, histories: map[string]*History{}}
	if _, err := os.Stat(filepath.Join(dataDir, "history")); err != nil {
		return ScriptHistory{}, &esme.Error{Code: "not_found", Message: fmt.Sprintf("%s is no data_dir of a host: %s", dataDir, pathReason(err))}
	}
	a.openAll()
	return a.versions(script)
}

// versions are those of a script with what each changed. The error is an *esme.Error: not_found.
func (a *archive) versions(script string) (ScriptHistory, error) {
	if err := a.known(script); err != nil {
		return ScriptHistory{}, err
	}
	x := a.history(script)
	all := ScriptHistory{Script: script, Passed: x.Passed}
	var before *vm.Program
	for i, v := range x.Versions {
		d := VersionDiff{Version: v}
		prog, err := a.load(script, v.Hash)
		switch {
		case err != nil:
			d.Diff = err.Error() + "\n"
		case i > 0:
			d.Diff = programDiff(before, prog)
		}
		before = prog
		all.Versions = append(all.Versions, d)
	}
	return all, nil
}

// programDiff says how the files of two programs differ; either may be nil.
func programDiff(a, b *vm.Program) string {
	var files []string
	for _, p := range []*vm.Program{a, b} {
		if p != nil {
			files = append(files, p.Files...)
		}
	}
	slices.Sort(files)
	var out strings.Builder
	for _, f := range slices.Compact(files) {
		var before, after []byte
		if a != nil {
			before = a.Source(f)
		}
		if b != nil {
			after = b.Source(f)
		}
		text := diff.Diff("a/"+f, before, "b/"+f, after)
		if i := strings.Index(string(text), "--- "); i >= 0 { // its first line says what the others do
			out.Write(text[i:])
		}
	}
	return out.String()
}
