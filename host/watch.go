package host

import (
	"context"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
)

// How saves become reloads: events are hints. After one, the files get a moment to settle, then they are
// read and compared by content; a poll finds what no event told.
const (
	settle    = 50 * time.Millisecond
	slowPoll  = 10 * time.Second // beside the events
	quickPoll = time.Second      // instead of them
)

// watcher reloads scripts when their files change.
type watcher struct {
	host   *Host
	notify *fsnotify.Watcher // nil where it is not wanted or not to be had
	poll   bool
}

func (h *Host) watch() (*watcher, error) {
	w := &watcher{host: h, poll: h.cfg.Watch != "off"}
	if h.cfg.Watch != "auto" {
		return w, nil
	}
	n, err := fsnotify.NewWatcher()
	if err != nil {
		h.log.Warn("no notice of changed files is to be had: polling", "error", err.Error())
		return w, nil
	}
	w.notify = n
	w.addFolders()
	return w, nil
}

// addFolders watches the script root and all folders below it: an editor may replace a file, and a watch
// on the file would be lost with it.
func (w *watcher) addFolders() {
	filepath.WalkDir(w.host.cfg.Scripts, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			if name := d.Name(); len(name) > 1 && name[0] == '.' && name[1] != '.' || name == "node_modules" {
				return filepath.SkipDir
			}
			if err := w.notify.Add(path); err != nil {
				w.host.log.Warn("cannot watch a folder: polling", "error", err.Error())
			}
		}
		return nil
	})
}

func (w *watcher) run(ctx context.Context) {
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
	settled := time.NewTimer(time.Hour)
	defer settled.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case e := <-events:
			if e.Op.Has(fsnotify.Create) {
				w.addFolders()
			}
			settled.Reset(settle)
		case <-errs: // an overflow: the poll finds what was missed
			settled.Reset(settle)
		case <-settled.C:
			w.host.Reload(ctx, "")
		case <-tick:
			w.host.Reload(ctx, "")
		}
	}
}
