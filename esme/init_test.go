package esme_test

import (
	"context"
	"errors"
	"testing"

	"github.com/esmehost/esmehost/esme"
	"github.com/esmehost/esmehost/pdu"
)

// hasty sends three requests in Init, which then fails.
type hasty struct {
	*witness
}

func (h *hasty) Init(s *esme.Session) error {
	for range 3 {
		if err := s.Send(submit("1")); err != nil {
			h.t.Error(err)
		}
	}
	h.witness.Init(s)
	return errors.New("boom")
}

func (h *hasty) HandleRefused(reason esme.Reason, lost []*pdu.PDU) {
	h.say("init_failed", "%s %d", reason, len(lost))
}

// O4: requests that an Init accepted which fails end once each.
func TestAnInitThatFailsAccountsForWhatItSent(t *testing.T) {
	for _, tt := range []struct {
		mode esme.Mode
		want []string
		lost uint64
	}{
		{esme.Transceiver, []string{"init", "refused stopped never", "refused stopped never", "refused stopped never", "init_failed custom: boom 0"}, 0},
		{esme.Manual, []string{"init", "written 1", "written 2", "written 3", "init_failed custom: boom 3"}, 3},
	} {
		t.Run(tt.mode.String(), func(t *testing.T) {
			cfg := esme.Config{Mode: tt.mode}
			conn, _ := meet(t, cfg)
			w := newWitness(t)
			s := esme.NewSession(cfg, &hasty{witness: w}, nil)
			exit := s.Run(context.Background(), conn)
			if exit.Refused == nil || exit.Exit != "refused" {
				t.Errorf("exit %+v", exit)
			}
			w.expect(tt.want...)
			if got := s.Status().Counters.Lost; got != tt.lost {
				t.Errorf("lost %d, want %d", got, tt.lost)
			}
		})
	}
}
