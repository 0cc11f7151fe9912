package pdu

import (
	"slices"
	"sync"
	"testing"
)

// Copies of TLVs, and of structs that have some, are values of their own.
func TestTLVsOfCopies(t *testing.T) {
	for n := range 200 {
		var m SubmitSM
		if n > 0 {
			m.TLVs.Add(0x1400, make([]byte, n-1))
		}
		m.TLVs.AddUserMessageReference(9)
		before := slices.Clone(m.TLVs.Octets())
		a, b := m, m
		a.TLVs.AddSourcePort(1)
		b.TLVs.AddSourcePort(2)
		m.TLVs.AddSourcePort(3)
		kept := a
		a = b // and back in the same place
		a.TLVs.AddDestPort(4)
		b.TLVs.AddDestPort(5)
		for i, x := range []struct {
			m            SubmitSM
			source, dest uint16
		}{{kept, 1, 0}, {a, 2, 4}, {b, 2, 5}, {m, 3, 0}} {
			source, _ := x.m.TLVs.SourcePort()
			dest, _ := x.m.TLVs.DestPort()
			if source != x.source || dest != x.dest || !slices.Equal(x.m.TLVs.Octets()[:len(before)], before) {
				t.Fatalf("copy %d behind %d octets has the ports %d and %d, want %d and %d", i, n, source, dest, x.source, x.dest)
			}
		}
	}
}

// A caller that sends many messages that begin alike starts each from the same TLVs.
func TestTLVsFromOneBeginning(t *testing.T) {
	var m SubmitSM
	m.TLVs.AddSourcePort(1)
	base, sent := m.TLVs, []SubmitSM(nil)
	for i := range uint16(20) {
		m.TLVs = base
		m.TLVs.AddUserMessageReference(i)
		sent = append(sent, m)
	}
	for i := range sent {
		if n, _ := sent[i].TLVs.UserMessageReference(); int(n) != i {
			t.Errorf("message %d has the reference %d", i, n)
		}
	}
}

func TestTLVsOfCopiesInGoroutines(t *testing.T) {
	var base TLVs
	base.AddSourcePort(1)
	var all [8]TLVs
	var done sync.WaitGroup
	for i := range all {
		all[i] = base
		done.Go(func() { all[i].AddUserMessageReference(uint16(i)) })
	}
	done.Wait()
	for i, x := range all {
		if n, _ := x.UserMessageReference(); int(n) != i {
			t.Errorf("copy %d has the reference %d", i, n)
		}
	}
}

// Octets that somebody else has are never written, nor what lies behind them.
func TestTLVsThatAreBorrowed(t *testing.T) {
	buf := []byte("\x02\x04\x00\x02\x00\x01behind them")
	x, err := ParseTLVs(buf[:6])
	if err != nil {
		t.Fatal(err)
	}
	x.AddSourcePort(7)
	if string(buf[6:]) != "behind them" || x.Len() != 12 {
		t.Errorf("%q, %d octets", buf, x.Len())
	}
}

func TestWhatIsAppendedToOctetsOfTLVs(t *testing.T) {
	var x TLVs
	x.AddSourcePort(7)
	y := append(x.Octets(), 0xAA, 0xBB)
	x.AddUserMessageReference(0x5555)
	if n := len(y); y[n-2] != 0xAA || y[n-1] != 0xBB {
		t.Errorf("%x", y)
	}
}

func TestBuilderKeepsItsRoom(t *testing.T) {
	b := NewBuilder(commandOf(CmdSubmitSM))
	add := func() {
		b.Reset(commandOf(CmdSubmitSM))
		for range 100 {
			b.AddTLVInt(TagSourcePort, 7)
		}
	}
	add()
	p := b.Build()
	if n := testing.AllocsPerRun(20, add); n != 0 {
		t.Errorf("%v allocations", n)
	}
	b.Reset(commandOf(CmdSubmitSM))
	b.AddTLVInt(TagDestPort, 8)
	if v, _ := p.TLV(TagSourcePort); string(v) != "\x00\x07" || b.tlvs.Len() != 6 {
		t.Errorf("%x, and %d octets", v, b.tlvs.Len())
	}
}

// Adding one by one copies in proportion to the octets, not to their square.
func TestTLVsGrowSeldom(t *testing.T) {
	arrays := 0
	var x TLVs
	for last := (*tlvRoom)(nil); x.Len() < 60000; {
		x.AddUserMessageReference(1)
		if x.room != last {
			last, arrays = x.room, arrays+1
		}
	}
	if arrays > 40 {
		t.Errorf("%d arrays", arrays)
	}
}
