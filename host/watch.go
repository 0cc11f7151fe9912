package host

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/esmehost/esmehost/diag"
)

// How saves become reloads. Events are hints: what they say is not believed. After one the files get a moment
// to settle; then those whose stamp has changed are read, and what is another program than before is put in. A
// poll finds what no event told: NFS has none, and a queue can overflow.
const (
	settle     = 40 * time.Millisecond  // of quiet after an event
	settleMost = 400 * time.Millisecond // however much goes on
	grace      = 200 * time.Millisecond // for a file that makes no sense: it may be half-written
	quickPoll  = time.Second            // of the files, where there are no events
)

// slowPoll runs beside the events. A test has it quicker.
var slowPoll = 10 * time.Second

// watcher reloads scripts and the configuration when their files change.
type watcher struct {
	host   *Host
	notify *fsnotify.Watcher // nil where it is not wanted or not to be had
	poll   bool
	warned bool
}

// keepWatch watches until ctx ends, each time anew when another configuration says another way or place.
func (h *Host) keepWatch(ctx context.Context) {
	for ctx.Err() == nil {
		h.watch().run(ctx, h.watchAnew)
	}
}

// rewatch is told that the configuration is another.
func (h *Host) rewatch() {
	select {
	case h.watchAnew <- struct{}{}:
	default:
	}
}

func (h *Host) watch() *watcher {
	mode := h.config().Watch
	w := &watcher{host: h, poll: mode != "off"}
	if mode != "auto" {
		return w
	}
	n, err := fsnotify.NewWatcher()
	if err != nil {
		h.log.Warn("no notice of changed files is to be had: polling", "error", err.Error())
		return w
	}
	w.notify = n
	w.addFolders()
	return w
}

// addFolders watches the folders of the script root, not its files: an editor may replace a file, and a watch
// on it would be lost. Where the path of the root goes through links, the folders that hold them are watched too.
// To add one again is right: the path may lead to another folder by now.
func (w *watcher) addFolders() {
	root := w.host.config().Scripts
	data := w.host.config().DataDir
	for _, dir := range linkFolders(root) {
		w.add(dir)
	}
	for path := range w.host.configLooks() {
		w.add(filepath.Dir(path))
		for _, dir := range linkFolders(path) {
			w.add(dir)
		}
	}
	resolved, err := filepath.EvalSymlinks(root)
	if err != nil {
		return // it is gone at this moment
	}
	w.add(root)
	filepath.WalkDir(resolved, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return nil
		}
		name := d.Name()
		if path != resolved && (name[0] == '.' || name == "node_modules") || path == data {
			return filepath.SkipDir
		}
		w.add(path)
		return nil
	})
}

func (w *watcher) add(dir string) {
	if err := w.notify.Add(dir); err != nil && !w.warned {
		w.warned = true
		w.host.log.Warn("cannot watch a folder: its changes are found by the poll", "folder", dir, "error", err.Error())
	}
}

// linkFolders returns the folders in which a part of the path is a link.
func linkFolders(path string) []string {
	var dirs []string
	for p := path; ; {
		if st, err := os.Lstat(p); err == nil && st.Mode()&os.ModeSymlink != 0 {
			dirs = append(dirs, filepath.Dir(p))
		}
		up := filepath.Dir(p)
		if up == p {
			return dirs
		}
		p = up
	}
}

// concerns reports whether an event may be about a script. Logs that grow beside the scripts are not.
func (w *watcher) concerns(e fsnotify.Event) bool {
	if e.Op&(fsnotify.Create|fsnotify.Remove|fsnotify.Rename) != 0 {
		return !strings.HasPrefix(filepath.Base(e.Name), ".new-") // our own
	}
	_, config := w.host.configLooks()[filepath.Clean(e.Name)] // in the folder "." it is ./NAME
	return config || strings.HasSuffix(e.Name, ".lua") || filepath.Ext(e.Name) == ""
}

func (w *watcher) run(ctx context.Context, anew <-chan struct{}) {
	var events chan fsnotify.Event
	var errs chan error
	if w.notify != nil {
		defer w.notify.Close()
		events, errs = w.notify.Events, w.notify.Errors
	}
	var tick <-chan time.Time
	if w.poll {
		every := slowPoll
		if w.notify == nil {
			every = quickPoll
		}
		t := time.NewTicker(every)
		defer t.Stop()
		tick = t.C
	}
	settled := time.NewTimer(0) // what changed before anyone watched
	defer settled.Stop()
	if !w.poll {
		settled.Stop()
	}
	var first time.Time // of the events that are to settle
	again := false      // what made no sense is read once more
	for {
		select {
		case <-ctx.Done():
			return
		case <-anew:
			return
		case e := <-events:
			if !w.concerns(e) {
				continue
			}
			if e.Op.Has(fsnotify.Create) {
				w.addFolders()
			}
			if first.IsZero() {
				first = time.Now()
			}
			settled.Reset(min(settle, max(0, settleMost-time.Since(first))))
		case <-errs: // an overflow: anything may have changed
			w.addFolders()
			settled.Reset(settle)
		case <-settled.C:
			first = time.Time{}
			if again = w.host.scan(ctx, again); again {
				settled.Reset(grace)
			}
		case <-tick:
			if w.notify != nil {
				w.addFolders()
			}
			if again = w.host.scan(ctx, again); again {
				settled.Reset(grace)
			}
		}
	}
}

// scan puts in what has changed in the files. It reports whether something there makes no sense and should be
// read again a little later, unless this is the second time: then it is said.
func (h *Host) scan(ctx context.Context, second bool) (again bool) {
	h.reloading.Lock()
	defer h.reloading.Unlock()
	if h.isStopping() {
		return false
	}
	if h.configStale() {
		if _, _, wrong := h.apply("save", second); len(wrong) > 0 && !second {
			h.forgetLooks()
			again = true
		}
	}
	root := h.config().Scripts
	now := newReading(root)
	defer now.end()
	for _, name := range h.usedScripts() {
		s := h.script(name)
		retry := s.retries(time.Now())
		if ctx.Err() != nil || !s.stale(root) && !retry {
			continue
		}
		prog, wrong, files := now.compile(name)
		s.mu.Lock()
		s.files = files
		changed := prog != nil && (prog.Hash != s.disk || retry)
		if changed {
			s.disk = prog.Hash
		}
		if prog == nil && !second {
			s.files, again = nil, true
		}
		if save := now.digest(files); changed || prog == nil && save != s.broken {
			s.said, s.broken = "", save // another save: what is wrong with it is said, be it the same as before
		}
		s.mu.Unlock()
		switch {
		case prog == nil && second:
			h.complain(s, nil, wrong)
		case changed:
			if _, err := h.put(ctx, s, prog, ReloadRequest{By: "save", Saved: true}); err != nil {
				h.complain(s, prog, diag.List{{File: name, Message: "rollout: " + err.Error()}})
			}
		case prog != nil && s.runs(prog):
			h.complain(s, nil, nil)
		}
	}
	h.applyRefused("save")
	return again
}
