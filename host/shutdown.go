package host

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// within is a context that ends when the limit is over; 0 is none.
func within(limit time.Duration) (context.Context, context.CancelFunc) {
	if limit <= 0 {
		return context.WithCancel(context.Background())
	}
	return context.WithTimeout(context.Background(), limit)
}

// drain waits until all binds have ended, or the limit is over, and says what became of what they had accepted.
func (h *Host) drain(limit context.Context) error {
	drained := make(chan struct{})
	go func() { h.running.Wait(); close(drained) }()
	select {
	case <-drained:
		h.log.Info("host stopped", "lost", h.lost())
		return nil
	case <-limit.Done():
	}
	return h.abandon()
}

// lost is how many requests had no response when the sessions of the binds ended, since the host was started.
func (h *Host) lost() (n uint64) {
	h.mu.Lock()
	gone := h.gone
	gone.binds = slices.Clone(gone.binds)
	h.mu.Unlock()
	n = gone.lost
	for _, b := range append(h.all(), gone.binds...) {
		n += b.lost()
	}
	return n
}

// draining are the binds whose sessions may be there yet: also those that are no longer configured, or not as they were.
func (h *Host) draining() (all []*Bind) {
	h.mu.Lock()
	gone := slices.Clone(h.gone.binds)
	h.mu.Unlock()
	for _, b := range append(h.all(), gone...) {
		all = append(all, b.predecessors()...)
	}
	return slices.DeleteFunc(all, func(b *Bind) bool { return !b.runs() })
}

// abandon says what goes with the process: of the binds that have not drained, and of all together.
func (h *Host) abandon() error {
	var names []string
	lost := h.lost()
	inFlight, queued, mailbox := 0, 0, 0
	for _, b := range h.draining() {
		st := b.Status()
		names = append(names, st.Name)
		inFlight, queued, mailbox = inFlight+st.InFlight, queued+st.Queued, mailbox+st.Mailbox
		if st.InFlight+st.Queued+st.Mailbox > 0 {
			b.log.Error("the bind has not drained: what is in flight is unknown, what is queued never went out, what is in the mailbox the script never heard",
				"session", st.Session, "in_flight", st.InFlight, "queued", st.Queued, "mailbox", st.Mailbox)
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	h.log.Error("host stopped before all binds had drained", "lost", lost, "unknown", inFlight, "never_sent", queued, "never_heard", mailbox,
		"binds", SomeNames(names))
	return fmt.Errorf("%d binds had not drained within shutdown_limit (%v): of %d requests it is unknown whether the SMSC took them, and %d never went out; see the log",
		len(names), h.config().ShutdownLimit, inFlight, queued)
}

// finish waits for what the host does beside the binds, as long as the limit lets it, and a second at least. What is under way
// for scripts and the configuration is cut short by the end of the host: only a file system that does not answer holds it up.
func (h *Host) finish(limit context.Context, running *sync.WaitGroup) error {
	finished := make(chan struct{})
	go func() {
		running.Wait()
		h.background.wait()
		h.reloading.Lock() // of whoever asked by a signal or the API
		defer h.reloading.Unlock()
		close(finished)
	}()
	least := time.After(time.Second)
	select {
	case <-finished:
		return nil
	case <-limit.Done():
	}
	select {
	case <-finished:
		return nil
	case <-least:
		return fmt.Errorf("a look at the scripts or a reload was not over within shutdown_limit (%v): does their file system answer?", h.config().ShutdownLimit)
	}
}
