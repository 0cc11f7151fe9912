package host

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// systemd tells the service manager how the host is (sd_notify). Where none is, it does nothing.
type systemd struct{ log *slog.Logger }

func (s systemd) tell(state string) {
	if _, err := daemon.SdNotify(false, state); err != nil {
		s.log.Warn("the service manager cannot be told", "error", err.Error())
	}
}

// ready says that the binds have been started and commands are answered.
func (s systemd) ready(binds int) {
	s.tell(fmt.Sprintf("%s\nSTATUS=running %d binds", daemon.SdNotifyReady, binds))
}

// reloading says that the configuration and the scripts are read again; ready says that it is done.
func (s systemd) reloading() {
	if usec, ok := monotonic(); ok {
		s.tell(fmt.Sprintf("%s\nMONOTONIC_USEC=%d", daemon.SdNotifyReloading, usec))
	}
}

// stopping says that the host drains, and that this may take the limit (0: as long as it takes): the service
// manager waits for it.
func (s systemd) stopping(limit time.Duration) {
	state := daemon.SdNotifyStopping + "\nSTATUS=draining"
	if limit > 0 {
		state += fmt.Sprintf("\nEXTEND_TIMEOUT_USEC=%d", (limit + 5*time.Second).Microseconds())
	}
	s.tell(state)
}

// watch tells the service manager's watchdog that the host lives, as long as alive returns: a host that hangs
// is silent, and is started again. Without a watchdog it returns at once.
func (s systemd) watch(ctx context.Context, alive func()) {
	interval, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		s.log.Warn("the service manager's watchdog cannot be told", "error", err.Error())
	}
	if interval <= 0 || err != nil {
		return
	}
	tick := time.NewTicker(max(interval/2, time.Millisecond))
	defer tick.Stop()
	for {
		alive()
		s.tell(daemon.SdNotifyWatchdog)
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}
