package esme_test

import (
	"context"
	"testing"
	"time"

	"github.com/esmehost/esmehost/esme"
	"github.com/esmehost/esmehost/pdu"
)

// O5: a response waits 9 ms at most for a reader that a callback keeps, and 2 ms where one has kept it lately: looking after it
// costs, so a session whose callbacks keep nobody is looked after more rarely.
func TestReadingIsTakenOver(t *testing.T) {
	inBubble(esme.Config{}, func(w *witness, p *peer) {
		deliver := func(text string) { p.send("deliver_sm", 7, pdu.ESME_ROK, "short_message", text) }
		took := func() time.Duration {
			answered := make(chan time.Time, 1)
			go func() {
				if _, err := w.session.Request(context.Background(), submit("1")); err != nil {
					t.Error(err)
				}
				answered <- time.Now()
			}()
			req := p.expect("submit_sm")
			deliver("keep the reader")
			began := time.Now()
			p.answer(req, pdu.ESME_ROK)
			at := <-answered
			p.expect("deliver_sm_resp")
			return at.Sub(began)
		}
		calm := func() {
			for range 150 {
				deliver("")
				p.expect("deliver_sm_resp")
				time.Sleep(1100 * time.Microsecond)
			}
		}
		rare := false
		for _, pause := range []float64{6.5, 7.5, 8.5} {
			calm()
			time.Sleep(time.Second)
			deliver("") // it looks 8 ms from here: before the callback begins, just after, or late in it
			p.expect("deliver_sm_resp")
			time.Sleep(time.Duration(pause * float64(time.Millisecond)))
			d := took()
			rare = rare || d > 2*time.Millisecond
			if d > 9*time.Millisecond {
				t.Errorf("taken over after %v where all was calm, want 9ms at most", d)
			}
			for range 5 {
				if d := took(); d > 2*time.Millisecond {
					t.Errorf("taken over after %v where a callback has kept the reader, want 2ms at most", d)
				}
			}
		}
		if !rare {
			t.Error("a session whose callbacks keep nobody is looked after as often as another")
		}
	}, func(w *witness) {
		w.pdu = func(in *esme.Inbound) error {
			if text, _ := in.PDU.Text(); text != "" {
				time.Sleep(50 * time.Millisecond)
			}
			return nil
		}
	})(t)
}
