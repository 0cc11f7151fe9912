package host

import (
	"context"
	"fmt"
	"path/filepath"
	"time"
)

// dataLock is the file in data_dir that a host holds while it runs.
const dataLock = "host.lock"

// begin makes the data_dir the host's own, and notes what the start found: before that, nothing that another host
// may use is written.
func (h *Host) begin(ctx context.Context) error {
	if dir := h.archive.dir; dir != "" {
		l, killed, held, err := lockFile(filepath.Join(dir, dataLock))
		switch {
		case held:
			return fmt.Errorf("data_dir: %w runs with %s: stop it, or give this one a data_dir of its own", err, dir)
		case err != nil:
			return fmt.Errorf("data_dir: %w", err)
		}
		h.lock = l
		if killed != nil {
			h.log.Error("the last run ended without a drain: what was in flight then is unknown, and may have to be asked of the SMSC",
				"pid", killed.PID, "started", killed.Started.Format(time.RFC3339))
		}
		if l.unmarked != nil {
			h.log.Error("the start cannot be noted in data_dir: if this run is killed, the next start will not say so", "error", l.unmarked.Error())
		}
		h.archive.clean()
	}
	for _, note := range h.notes {
		note()
	}
	h.notes = nil
	h.background.start(ctx)
	h.mu.Lock()
	h.ctx = ctx
	h.mu.Unlock()
	return nil
}

// end gives up what begin took. An end that was not in order is told to the next start.
func (h *Host) end(inOrder bool) {
	h.endTrials()
	if err := h.lock.release(inOrder); err != nil {
		h.log.Error("the end cannot be noted: the next start will say that this run was killed", "error", err.Error())
	}
	h.lock = nil
}
