package esme

import (
	"math/rand/v2"
	"testing"
)

// The numbers in flight beside a map: in a row as they are given, with stragglers, round the highest, and at random.
func TestNumbersAreAMap(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var n numbers
	model := map[uint32]*outgoing{}
	var all []uint32
	next := uint32(maxSequence - 5000)
	for step := range 200_000 {
		seq := next
		if step%7 == 0 {
			seq = r.Uint32N(5000)
		}
		switch {
		case len(all) < 3000 && r.IntN(3) > 0 || len(all) == 0:
			if next++; next > maxSequence {
				next = 1
			}
			if model[seq] == nil {
				all = append(all, seq)
			}
			o := new(outgoing)
			o.pdu.SetSequence(seq)
			model[seq] = o
			n.put(o)
		case r.IntN(10) == 0:
			n.drop(seq + 1<<20) // there is none
		default:
			i := 0
			if r.IntN(2) == 0 {
				i = r.IntN(len(all))
			}
			seq = all[i]
			all = append(all[:i], all[i+1:]...)
			delete(model, seq)
			n.drop(seq)
		}
		if n.used != len(model) || n.find(seq) != model[seq] {
			t.Fatalf("step %d: %d: %d of %d, %p, want %p", step, seq, n.used, len(model), n.find(seq), model[seq])
		}
		if step%5000 == 0 {
			for seq, o := range model {
				if n.find(seq) != o {
					t.Fatalf("step %d: %d is lost", step, seq)
				}
			}
		}
	}
}
