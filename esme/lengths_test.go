package esme

import (
	"strings"
	"testing"

	"github.com/esmehost/esmehost/pdu"
)

// Real systems have passwords of more than 8 octets and system_ids of more than 15.
func TestLengthsOfTheOwnBind(t *testing.T) {
	cfg := Config{SystemID: strings.Repeat("s", 30), Password: strings.Repeat("p", 20)}
	r := openRig(t, cfg)
	r.hangUp()
	r.expect("stop(bind_failed: bind_transceiver.system_id: 30 octets, must be at most 15 [])")

	cfg.RelaxedLengths = true
	r = openRig(t, cfg)
	bind := r.sent("bind_transceiver")[0]
	if bind.Str(pdu.FieldSystemID) != cfg.SystemID || bind.Str(pdu.FieldPassword) != cfg.Password {
		t.Error(bind.Str(pdu.FieldSystemID), bind.Str(pdu.FieldPassword))
	}
}

// A relaxed session sends what the wire can carry, as request and as answer, and nothing else.
func TestRelaxedLengths(t *testing.T) {
	long := func(r *rig, n int) *pdu.PDU {
		return build(r.t, "submit_sm", 0, pdu.ESME_ROK, "destination_addr", strings.Repeat("4", 40), "short_message", strings.Repeat("x", n))
	}
	strict := boundRig(t, Config{})
	strict.send(long(strict, 10))
	strict.sent()
	strict.expect("refused(invalid_pdu never)")

	r := boundRig(t, Config{RelaxedLengths: true})
	r.send(long(r, 255))
	r.send(long(r, 256))
	got := r.sent("submit_sm")[0]
	if len(got.Bytes(pdu.FieldShortMessage)) != 255 || len(got.Bytes(pdu.FieldDestinationAddr)) != 40 {
		t.Error(got)
	}
	r.expect("written(2)", "refused(invalid_pdu never)")

	r.receive(build(t, "deliver_sm", 7, pdu.ESME_ROK))
	r.expect("pdu(deliver_sm)")
	id := strings.Repeat("i", 70)
	if err := r.m.Reply(r.now, r.in[0], build(t, "deliver_sm_resp", 7, pdu.ESME_ROK, "message_id", id)); err != nil {
		t.Fatal(err)
	}
	if got := r.sent("deliver_sm_resp")[0]; got.Str(pdu.FieldMessageID) != id {
		t.Error(got)
	}
}
