package host

import (
	"testing"

	"github.com/esmehost/esmehost/esme"
	"github.com/esmehost/esmehost/pdu"
)

type refused struct {
	esme.Base
	lost int
}

func (r *refused) HandleRefused(_ esme.Reason, lost []*pdu.PDU) { r.lost = len(lost) }

// What the host puts around a script's handler hides no callback: a script whose init failed hears what became of its
// requests, and its state is closed then.
func TestTheHostHidesNoCallback(t *testing.T) {
	inner := &refused{}
	var h esme.Handler = handler{inner, new(Bind)}
	h.HandleRefused(esme.Reason{}, make([]*pdu.PDU, 3))
	if inner.lost != 3 {
		t.Errorf("the script's handler was told of %d requests, not of 3", inner.lost)
	}
}
