package esme

import (
	"errors"
	"testing"
	"time"

	"github.com/esmehost/esmehost/pdu"
)

func TestTuneWindowAndQueue(t *testing.T) {
	r := boundRig(t, Config{Window: 1, Queue: 2})
	for range 3 {
		r.send(r.submit("x"))
	}
	r.sent("submit_sm")
	r.expect("written(2)")
	r.m.Tune(r.now, Config{Window: 3, Queue: 1})
	r.sent("submit_sm", "submit_sm")
	r.expect("written(3)", "written(4)")
	r.m.Tune(r.now, Config{Window: 2, Queue: 1})
	r.send(r.submit("waits"))
	var full *Error
	if err := r.m.Send(r.now, r.submit("is too much"), nil); !errors.As(err, &full) || full.Code != CodeQueueFull {
		t.Fatal(err)
	}
	r.respond(2, pdu.ESME_ROK)
	r.sent()
	r.respond(3, pdu.ESME_ROK)
	r.sent("submit_sm") // the smaller window has room
	r.expect("resp(2 ESME_ROK)", "resp(3 ESME_ROK)", "written(5)")
}

func TestTuneTPS(t *testing.T) {
	r := boundRig(t, Config{Window: Unlimited, TPS: 1})
	for range 21 {
		r.send(r.submit("x"))
	}
	r.sent("submit_sm")
	r.advance(2 * time.Second)
	r.sent("submit_sm", "submit_sm")
	r.m.Tune(r.now, Config{Window: Unlimited, TPS: 10})
	r.advance(time.Second)
	if n := r.m.Queued(); n < 7 || n > 9 {
		t.Errorf("after a second of 10: %d wait", n)
	}
	r.m.Tune(r.now, Config{Window: Unlimited})
	if n := r.m.Queued(); n != 0 {
		t.Errorf("without a limit: %d wait", n)
	}
}

// A shorter response_limit holds for what is in flight too, and the order in which requests are due stays.
func TestTuneLimits(t *testing.T) {
	r := boundRig(t, Config{ResponseLimit: Infinity, EnquireLinkLimit: Infinity})
	r.send(r.submit("x"))
	r.sent("submit_sm")
	r.advance(time.Hour)
	r.expect("written(2)")
	r.m.Tune(r.now, Config{ResponseLimit: 10 * time.Second, EnquireLinkLimit: Infinity})
	r.advance(5 * time.Second)
	r.send(r.submit("x"))
	r.sent("submit_sm")
	r.advance(5 * time.Second)
	r.expect("written(3)", "timeout(2)")
	r.m.Tune(r.now, Config{ResponseLimit: time.Hour, EnquireLinkLimit: 7 * time.Second})
	r.advance(5 * time.Second)
	r.expect("timeout(3)")
	r.sent("enquire_link")
	r.send(r.submit("x"))
	r.sent("submit_sm")
	r.m.Tune(r.now, Config{ResponseLimit: time.Hour, StalledLimit: time.Second, EnquireLinkLimit: Infinity})
	r.advance(time.Second)
	r.hangUp()
	r.expect("written(5)", "stop(timers: stalled [5])")
}

// Who gave up is not sent for again, whatever retry_throttled becomes.
func TestTuneRetries(t *testing.T) {
	r := boundRig(t, Config{EnquireLinkLimit: Infinity})
	w := r.ask("x")
	r.sent("submit_sm")
	r.m.Cancel(w)
	r.m.Tune(r.now, Config{RetryThrottled: 3, EnquireLinkLimit: Infinity})
	r.respond(2, pdu.ESME_RTHROTTLED)
	r.advance(5 * time.Second)
	r.sent()
	r.expect("note", "note")
}
