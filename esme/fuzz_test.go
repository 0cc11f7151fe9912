package esme

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// FuzzSession runs a random program against the machine and checks the contract, O1 to O5.
func FuzzSession(f *testing.F) {
	for _, code := range seeds() {
		f.Add(code)
	}
	f.Fuzz(func(t *testing.T, code []byte) {
		if len(code) > 2000 {
			t.Skip("long programs say no more than short ones")
		}
		verify(t, code)
	})
}

func verify(t *testing.T, code []byte) {
	t.Helper()
	cfg, facts, err := runProgram(code)
	if err == nil {
		err = check(cfg, facts)
	}
	if err != nil {
		t.Fatalf("%v\nprogram %x\n%s", err, code, tell(facts))
	}
}

// tell writes facts a line each.
func tell(facts []fact) string {
	var b strings.Builder
	for i, f := range facts {
		fmt.Fprintf(&b, "%4d %-8s %-8s seq %d at %v %s %s %v\n", i, factNames[f.kind], f.name, f.seq, f.at, f.code, f.far, f.lost)
	}
	return b.String()
}

// seeds are programs of which each leads somewhere else.
func seeds() [][]byte {
	var all [][]byte
	for seed := range uint64(450) {
		r := rand.New(rand.NewPCG(seed, 5))
		code := make([]byte, 4+r.IntN(200))
		for i := range code {
			code[i] = byte(r.Uint32())
		}
		code[3] = byte(seed & 3)
		if seed >= 300 { // a busy SMSC that takes, refuses and answers, and time: no faults
			code[0] &^= 0x40
			code[1] &^= 0x40
			code[2] = byte(seed>>2&3)<<3 | byte(seed&1)<<5
			code[3] = 0
			for i, b := range code[4:] {
				code[4+i] = b&0xE0 | []byte{0, 0, 0, 2, 5, 15, 25, 17, 17, 20, 31, 31, 26, 4}[int(b&31)%14]
				if code[4+i]&31 == 4 { // the numbers come round
					code[4+i] |= 0xC0
				}
				if code[4+i]&31 >= 15 && code[4+i] > 0xA0 {
					code[4+i] &= 0x1F
				}
			}
		}
		all = append(all, code)
	}
	for i := range byte(16) { // a stop while Init runs, with something in the queue, or in the output too
		all = append(all, []byte{7 | i&7<<3, i & 8 << 3, 0, 1, 0xE0 * (i & 1), 0, 2 | i&4<<3, 13, 17, 0x3B, 0, 0})
	}
	return all
}
