package esme_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/esmehost/esmehost/esme"
	"github.com/esmehost/esmehost/pdu"
)

// What a larger window lets out goes out at once: it does not wait for something else to happen.
func TestATunedSessionSendsWhatItMay(t *testing.T) {
	cfg := esme.Config{Window: 1, EnquireLinkLimit: esme.Infinity, ResponseLimit: esme.Infinity}
	inBubble(cfg, func(w *witness, p *peer) {
		for _, to := range []string{"1", "2"} {
			if err := w.session.Send(submit(to)); err != nil {
				t.Fatal(err)
			}
		}
		first := p.expect("submit_sm")
		synctest.Wait() // its result is told
		cfg.Window = 2
		began := time.Now()
		w.session.Tune(cfg)
		second := p.expect("submit_sm")
		if waited := time.Since(began); waited != 0 { // made-up time
			t.Errorf("the second request went out %v later", waited)
		}
		p.answer(first, pdu.ESME_ROK)
		p.answer(second, pdu.ESME_ROK)
		w.session.Stop(esme.Reason{Kind: esme.KindCustom, Detail: "done"})
		p.answer(p.expect("unbind"), pdu.ESME_ROK)
		p.close()
	})(t)
}
