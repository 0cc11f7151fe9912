package esme

import (
	"testing"

	"github.com/esmehost/esmehost/pdu"
)

// A bind of less than one request a second is not made faster by the brake.
func TestTheBrakeMakesNothingFaster(t *testing.T) {
	r := boundRig(t, Config{TPS: 0.1, Window: 10})
	r.send(r.submit("a"))
	r.receive(build(t, "submit_sm_resp", r.sent("submit_sm")[0].SequenceNumber(), pdu.ESME_RTHROTTLED))
	if rate := r.m.Rate(); rate > 0.1 {
		t.Fatalf("%v a second, tps is 0.1", rate)
	}
}
