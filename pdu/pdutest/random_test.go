package pdutest

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/esmehost/esmehost/pdu"
)

// What Random makes is without fault, and can be read back without a pardon.
func TestRandomIsValid(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, cmd := range pdu.Commands() {
		for range 200 {
			p := Random(r, cmd)
			if p.Err() != nil {
				t.Fatalf("%v: %v", p, p.Err())
			}
			octets := p.AppendTo(nil)
			var q pdu.PDU
			if err := q.Decode(octets); err != nil || q.Warnings()&^pdu.EmptyBody != 0 {
				t.Fatalf("%x: %v %v", octets, err, q.Warnings().Codes())
			}
			if !bytes.Equal(q.AppendTo(nil), octets) {
				t.Fatalf("%x came back as %x", octets, q.AppendTo(nil))
			}
		}
	}
}

func TestRandomIsRepeatable(t *testing.T) {
	cmd, _ := pdu.CommandByID(pdu.CmdSubmitSM)
	a := Random(rand.New(rand.NewPCG(7, 7)), cmd).AppendTo(nil)
	b := Random(rand.New(rand.NewPCG(7, 7)), cmd).AppendTo(nil)
	if !bytes.Equal(a, b) {
		t.Errorf("%x\n%x", a, b)
	}
}
