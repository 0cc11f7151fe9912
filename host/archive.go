package host

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/esmehost/esmehost/diag"
	"github.com/esmehost/esmehost/esme"
	"github.com/esmehost/esmehost/luabind"
	"github.com/esmehost/esmehost/luabind/vm"
)

// maxHistory bounds the versions of one script that are kept; the newest good one is kept beyond it.
const maxHistory = 100

// archive keeps the versions of scripts that ran, by hash, and the history of each script. With a folder they
// are on disk, and a start after a crash finds them:
//
//	scripts/HASH/FILE...    the files of a version, as they were
//	history/SCRIPT.json     what happened to a script
//
// Each is written whole or not at all. Without a folder they are in memory only.
type archive struct {
	dir string

	mu        sync.Mutex
	programs  map[string]*vm.Program // by hash and main, where there is no folder
	histories map[string]*History
}

// Version is one entry of a script's history.
type Version struct {
	Time  time.Time `json:"time"`
	Hash  string    `json:"hash"`
	What  string    `json:"what"`            // started, reloaded, canary or went_back
	By    string    `json:"by"`              // start, configuration, start_link, save, SIGHUP, command, canary or host
	Why   string    `json:"why,omitempty"`   // of going back
	Binds int       `json:"binds"`           // that took it
	Good  bool      `json:"good"`            // it ran for a minute, or there was nothing before it
	Bad   bool      `json:"bad,omitempty"`   // the host went back from it
	Files []string  `json:"files,omitempty"` // relative to the script root
}

// History is what happened to a script, the oldest first.
type History struct {
	Script string `json:"script"`
	// Passed is the hash of a version in the file that is not to run although it is there: the host or the operator
	// went back from it.
	Passed   string    `json:"passed,omitempty"`
	Versions []Version `json:"versions"`
}

// whatCanary is what happened to a version that some binds only ran, before it was known to be good.
const whatCanary = "canary"

// last is the version that all binds ran last; nil: none ever did.
func (h *History) last() *Version {
	for i := range slices.Backward(h.Versions) {
		if h.Versions[i].What != whatCanary {
			return &h.Versions[i]
		}
	}
	return nil
}

func openArchive(dir string) (*archive, error) {
	a := &archive{dir: dir, programs: map[string]*vm.Program{}, histories: map[string]*History{}}
	if dir == "" {
		return a, nil
	}
	for _, d := range []string{"scripts", "history"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o700); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// clean removes what a crash left half-written, and reads histories again that another host may have changed. The
// folder is to be the host's own by then.
func (a *archive) clean() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, pattern := range []string{"scripts/.new-*", "history/.new-*"} {
		left, _ := filepath.Glob(filepath.Join(a.dir, pattern))
		for _, l := range left {
			os.RemoveAll(l)
		}
	}
	clear(a.histories)
}

func programKey(main, hash string) string { return hash + " " + main }

// save keeps a program.
func (a *archive) save(p *vm.Program) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.dir == "" {
		a.programs[programKey(p.Main, p.Hash)] = p
		return nil
	}
	target := filepath.Join(a.dir, "scripts", p.Hash)
	if _, err := os.Stat(target); err == nil {
		return nil
	}
	tmp, err := os.MkdirTemp(filepath.Join(a.dir, "scripts"), ".new-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	for _, f := range p.Files {
		path := filepath.Join(tmp, filepath.FromSlash(f))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		if err := writeFile(path, p.Source(f)); err != nil {
			return err
		}
	}
	if err := os.Rename(tmp, target); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncFolder(filepath.Join(a.dir, "scripts"))
}

// load compiles the version of the script with the hash.
func (a *archive) load(script, hash string) (*vm.Program, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if p := a.programs[programKey(script, hash)]; p != nil {
		return p, nil
	}
	if a.dir == "" {
		return nil, fmt.Errorf("the version %.12s of %s is not kept", hash, script)
	}
	read, close, err := vm.Root(filepath.Join(a.dir, "scripts", hash))
	if err != nil {
		return nil, fmt.Errorf("the version %.12s of %s is not kept: %w", hash, script, err)
	}
	defer close()
	p, wrong := luabind.CompileFrom(read, script)
	switch {
	case len(wrong) > 0:
		return nil, fmt.Errorf("the version %.12s of %s does not compile any more: %w", hash, script, wrong)
	case p.Hash != hash:
		return nil, fmt.Errorf("the version %.12s of %s on disk was changed", hash, script)
	}
	return p, nil
}

func (a *archive) historyFile(script string) string {
	return filepath.Join(a.dir, "history", url.PathEscape(script)+".json")
}

// history returns a copy of what happened to the script.
func (a *archive) history(script string) History {
	a.mu.Lock()
	defer a.mu.Unlock()
	h := *a.open(script)
	h.Versions = slices.Clone(h.Versions)
	return h
}

func (a *archive) open(script string) *History {
	h := a.histories[script]
	if h == nil {
		h = &History{Script: script}
		if a.dir != "" {
			src, err := os.ReadFile(a.historyFile(script))
			if err == nil && json.Unmarshal(src, h) != nil {
				*h = History{} // not ours: writeFile leaves no half of one
			}
			h.Script = script
		}
		a.histories[script] = h
	}
	return h
}

// openAll reads the histories of all scripts that there were.
func (a *archive) openAll() {
	files, _ := filepath.Glob(filepath.Join(a.dir, "history", "*.json"))
	for _, f := range files {
		if script, err := url.PathUnescape(strings.TrimSuffix(filepath.Base(f), ".json")); err == nil {
			a.open(script)
		}
	}
}

// change changes the history of a script, and drops what it no longer names.
func (a *archive) change(script string, edit func(h *History)) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	h := a.open(script)
	edit(h)
	dropped := h.trim()
	if a.dir != "" {
		j, err := json.MarshalIndent(h, "", " ")
		if err == nil {
			err = writeFile(a.historyFile(script), append(j, '\n'))
		}
		if err != nil {
			return err
		}
	}
	a.drop(dropped)
	return nil
}

// trim takes out the oldest versions, and returns them.
func (h *History) trim() (dropped []Version) {
	n := len(h.Versions) - maxHistory
	if n <= 0 {
		return nil
	}
	dropped, kept := h.Versions[:n:n], slices.Clone(h.Versions[n:])
	good := func(v Version) bool { return v.Good && !v.Bad && v.What != whatCanary }
	if !slices.ContainsFunc(kept, good) {
		for i, v := range slices.Backward(dropped) {
			if good(v) {
				dropped, kept = slices.Delete(slices.Clone(dropped), i, i+1), slices.Insert(kept, 0, v)
				break
			}
		}
	}
	h.Versions = kept
	return dropped
}

// drop removes versions that no history names any more.
func (a *archive) drop(gone []Version) {
	named := map[string]bool{}
	if a.dir != "" && len(gone) > 0 {
		a.openAll()
	}
	for _, h := range a.histories {
		for _, v := range h.Versions {
			named[v.Hash] = true
		}
	}
	for _, v := range gone {
		if named[v.Hash] {
			continue
		}
		maps.DeleteFunc(a.programs, func(k string, _ *vm.Program) bool { return strings.HasPrefix(k, v.Hash) })
		if a.dir != "" {
			os.RemoveAll(filepath.Join(a.dir, "scripts", v.Hash))
		}
	}
}

// newest returns the newest version that all binds ran, for which ok holds and that can be had; nil if there is none.
func (a *archive) newest(script string, ok func(Version) bool) *vm.Program {
	versions := a.history(script).Versions
	tried := map[string]bool{}
	for _, v := range slices.Backward(versions) {
		if tried[v.Hash] || v.What == whatCanary || !ok(v) {
			continue
		}
		tried[v.Hash] = true
		if p, err := a.load(script, v.Hash); err == nil {
			return p
		}
	}
	return nil
}

// find finds a version by the start of its hash.
func (a *archive) find(script, prefix string) (*vm.Program, error) {
	var found []string
	for _, v := range a.history(script).Versions {
		if strings.HasPrefix(v.Hash, prefix) && !slices.Contains(found, v.Hash) {
			found = append(found, v.Hash)
		}
	}
	switch {
	case len(prefix) < 4:
		return nil, &esme.Error{Code: "bad_request", Message: "give at least 4 characters of the hash"}
	case len(found) == 0:
		return nil, &esme.Error{Code: "not_found", Message: fmt.Sprintf("%s has no version %s; esmehost history %s shows which there are", script, prefix, script)}
	case len(found) > 1:
		return nil, &esme.Error{Code: "bad_request", Message: fmt.Sprintf("%s begins more than one hash: give more of it", prefix)}
	}
	p, err := a.load(script, found[0])
	if err != nil {
		return nil, &esme.Error{Code: "not_found", Message: err.Error()}
	}
	return p, nil
}

// known reports, as an error that helps, that a script has no history.
func (a *archive) known(script string) error {
	if h := a.history(script); len(h.Versions) > 0 {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	var names []string
	for name, h := range a.histories {
		if len(h.Versions) > 0 {
			names = append(names, name)
		}
	}
	return &esme.Error{Code: "not_found", Message: fmt.Sprintf("there is no history of '%s'; %s", script, diag.DidYouMean(script, names))}
}
