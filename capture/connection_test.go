package capture

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/esmehost/esmehost/pdu"
)

// numbered lists what is found as "SECOND DIRECTION SEQUENCE".
func numbered(t testing.TB, capture []byte) ([]string, Summary) {
	t.Helper()
	var found []string
	s, err := Read(bytes.NewReader(capture), func(p PDU) error {
		way := ">"
		if strings.HasSuffix(p.From, ":3550") {
			way = "<"
		}
		var x pdu.PDU
		_ = x.Decode(p.Octets)
		found = append(found, fmt.Sprintf("%g %s %d", p.Time.Sub(begin).Seconds(), way, x.SequenceNumber()))
		return nil
	}, func(Fault) {})
	if err != nil {
		t.Fatal(err)
	}
	return found, s
}

// stream is submit_sm of these numbers, one behind the other, all of one length.
func stream(t testing.TB, from, to uint32) (all []byte, each int) {
	t.Helper()
	for n := from; n <= to; n++ {
		all = append(all, octets(t, pdu.CmdSubmitSM, n, "x")...)
	}
	return all, len(all) / int(to-from+1)
}

// packets are the frames of segments.
func packets(t testing.TB, segments ...segment) (all [][]byte) {
	t.Helper()
	for _, s := range segments {
		all = append(all, s.packet(t, false, false))
	}
	return all
}

// A PDU has the time of the packet that completed it, also behind one that came late or never.
func TestTimes(t *testing.T) {
	all, n := stream(t, 1, 40)
	at := func(from, to int) segment { return segment{at: from, data: all[from:to]} }
	for _, tt := range []struct {
		name     string
		segments []segment
		want     []string
		sum      Summary
	}{
		{"in order", []segment{{syn: true}, at(0, n), at(n, 2*n)}, []string{"1 > 1", "2 > 2"}, Summary{}},
		{"in pieces", []segment{{syn: true}, at(0, 5), at(5, n+3), at(n+3, 2*n)}, []string{"2 > 1", "3 > 2"}, Summary{}},
		{"one late", []segment{{syn: true}, at(n, 2*n), at(2*n, 3*n), at(0, n)}, []string{"3 > 1", "1 > 2", "2 > 3"}, Summary{}},
		{"one late, across PDUs", []segment{{syn: true}, at(0, 3), at(n-1, 2*n+1), at(2*n+1, 3*n), at(3, n-1)}, []string{"4 > 1", "2 > 2", "3 > 3"}, Summary{}},
		{"the middle late", []segment{{syn: true}, at(5, 10), at(15, n), at(10, 15), at(0, 5), at(n, 2*n)}, []string{"4 > 1", "5 > 2"}, Summary{}},
		{"one never", []segment{{syn: true}, at(n, 2*n), at(2*n, 3*n)}, []string{"1 > 2", "2 > 3"}, Summary{Missing: int64(n)}},
	} {
		got, sum := numbered(t, record(t, false, packets(t, tt.segments...)...))
		if !slices.Equal(got, tt.want) || sum.Missing != tt.sum.Missing || sum.Passed != tt.sum.Passed {
			t.Errorf("%s: %q, %+v", tt.name, got, sum)
		}
	}
}

// A packet that never comes holds up its direction for 10 seconds, not until the end.
func TestLostPacket(t *testing.T) {
	all, n := stream(t, 1, 40)
	segments := []segment{{syn: true}, {syn: true, back: true}}
	for i := range 40 {
		if i != 5 {
			segments = append(segments, segment{at: i * n, data: all[i*n : (i+1)*n]})
		}
		segments = append(segments, segment{back: true, at: i * n, data: all[i*n : (i+1)*n]})
	}
	got, sum := numbered(t, record(t, true, packets(t, segments...)...))
	if sum.Missing != int64(n) || sum.PDUs != 79 {
		t.Fatalf("%+v", sum)
	}
	ahead, seen := 0, map[string]int{}
	for _, g := range got {
		var second float64
		var way string
		var number int
		if _, err := fmt.Sscan(g, &second, &way, &number); err != nil {
			t.Fatal(err)
		}
		seen[way] = number
		ahead = max(ahead, seen["<"]-seen[">"])
		want := 2 * number
		if way == "<" {
			want++
		}
		if number > 5 {
			want-- // one is missing
		}
		if int(second) != want {
			t.Errorf("%s, want second %d", g, want)
		}
	}
	if ahead > 8 {
		t.Errorf("one direction is %d PDUs behind the other", ahead)
	}
	// and by number: packets of a moment
	got, _ = numbered(t, recordEach(t, true, time.Nanosecond, packets(t, segments...)...))
	if len(got) != 79 {
		t.Errorf("%d PDUs", len(got))
	}
}

// What waits for a packet that never comes is bounded in octets too: a fast peer sends much in 10 seconds.
func TestLostPacketOfMuch(t *testing.T) {
	const much, limit = 600, 512 // packets of a page each, and pages
	all, n := stream(t, 1, much)
	segments := []segment{{syn: true}, {syn: true, back: true}}
	for i := 1; i < much; i++ { // the first is missing
		segments = append(segments, segment{at: i * n, data: all[i*n : (i+1)*n]}, segment{back: true, at: (i - 1) * n, data: all[(i-1)*n : i*n]})
	}
	got, sum := numbered(t, recordEach(t, false, time.Millisecond, packets(t, segments...)...))
	if len(got) != 2*(much-1) || sum.Missing != int64(n) {
		t.Fatalf("%d PDUs, %+v", len(got), sum)
	}
	waited := slices.IndexFunc(got, func(g string) bool { return strings.Contains(g, ">") })
	if waited < limit-1 || waited > limit+1 {
		t.Errorf("%d packets waited, want %d", waited, limit)
	}
}

// On one host the ports alone tell the ends of a connection apart.
func TestOneHost(t *testing.T) {
	all, n := stream(t, 1, 2)
	got, sum := numbered(t, record(t, false, packets(t, segment{syn: true, local: true}, segment{syn: true, back: true, local: true},
		segment{data: all[:n], local: true}, segment{back: true, data: all[:n], local: true}, segment{at: n, data: all[n:], local: true})...))
	if !slices.Equal(got, []string{"2 > 1", "3 < 1", "4 > 2"}) || sum.Connections != 1 {
		t.Errorf("%q, %+v", got, sum)
	}
}

// The same ports again are another connection.
func TestPortsAgain(t *testing.T) {
	const other = 0x40000000
	all, n := stream(t, 1, 9)
	one := func(i int, s segment) segment {
		s.at, s.data = s.at+(i-1)*n, all[(i-1)*n:i*n]
		return s
	}
	syn, synBack := segment{syn: true}, segment{syn: true, back: true}
	again, againBack := segment{syn: true, isn: other}, segment{syn: true, back: true, isn: other}
	there, back := segment{isn: other, at: -4 * n}, segment{isn: other, at: -4 * n, back: true} // whose stream starts with the fifth
	behind := segment{isn: ^uint32(other) + 1, at: -4 * n, back: true}
	plain, plainBack := segment{}, segment{back: true}
	for _, tt := range []struct {
		name        string
		segments    []segment
		want        []string
		connections int
	}{
		{"after an RST of one side", []segment{syn, synBack, one(1, plain), one(1, plainBack), {rst: true, at: n}, again, againBack, one(5, there), one(5, back)},
			[]string{"2 > 1", "3 < 1", "7 > 5", "8 < 5"}, 2},
		{"after an RST, without the SYNs", []segment{syn, synBack, one(1, plain), one(1, plainBack), {rst: true, at: n}, one(5, there), one(6, there), one(5, back)},
			[]string{"2 > 1", "3 < 1", "5 > 5", "6 > 6", "7 < 5"}, 2},
		{"after an RST of the other side, far ahead", []segment{syn, synBack, one(1, plain), one(1, plainBack), {rst: true, at: n}, one(5, back), one(5, there)},
			[]string{"2 > 1", "3 < 1", "5 < 5", "6 > 5"}, 2},
		{"after an RST of the other side, far behind", []segment{syn, synBack, one(1, plain), one(1, plainBack), {rst: true, at: n}, one(5, behind), one(6, behind)},
			[]string{"2 > 1", "3 < 1", "5 < 5", "6 < 6"}, 2},
		{"an RST that the other side did not take", []segment{syn, synBack, one(1, plain), {rst: true, at: n}, one(1, plainBack), one(2, plain), one(2, plainBack)},
			[]string{"2 > 1", "4 < 1", "5 > 2", "6 < 2"}, 2},
		{"without an end", []segment{syn, synBack, one(1, plain), one(1, plainBack), again, againBack, one(5, there), one(5, back)},
			[]string{"2 > 1", "3 < 1", "6 > 5", "7 < 5"}, 2},
		{"after FINs", []segment{syn, synBack, one(1, plain), {fin: true, at: n}, {fin: true, back: true}, again, againBack, one(5, there), one(5, back)},
			[]string{"2 > 1", "7 > 5", "8 < 5"}, 2},
		{"sent again, the SYNs too", []segment{syn, synBack, syn, one(1, plain), one(1, plainBack), syn, synBack, one(1, plain), one(2, plain), {fin: true, at: 2 * n},
			{fin: true, back: true, at: n}, one(1, plain), {at: 2*n + 1}, {fin: true, at: 2 * n}},
			[]string{"3 > 1", "4 < 1", "8 > 2"}, 1},
		{"an RST that is out of place, which counts for nothing", []segment{syn, synBack, one(1, plain), one(1, plainBack), {rst: true, at: n - 5}, one(2, plain), one(2, plainBack), one(3, plain)},
			[]string{"2 > 1", "3 < 1", "5 > 2", "6 < 2", "7 > 3"}, 1},
		{"an RST that is ahead", []segment{syn, synBack, one(1, plain), one(1, plainBack), {rst: true, at: 2 * n}, one(2, plain), one(2, plainBack), one(3, plain)},
			[]string{"2 > 1", "3 < 1", "5 > 2", "6 < 2", "7 > 3"}, 1},
		{"known from the middle on, and the SYN late", []segment{one(1, plain), syn, synBack, one(2, plain)}, []string{"0 > 1", "3 > 2"}, 1},
	} {
		got, sum := numbered(t, record(t, false, packets(t, tt.segments...)...))
		if d := cmp.Diff(tt.want, got); d != "" || sum.Missing+sum.Passed != 0 || sum.Connections != tt.connections {
			t.Errorf("%s: %+v\n%s", tt.name, sum, d)
		}
	}
}

// The first PDU of a connection whose beginning was recorded need be none that is known in the middle of a stream.
func TestFirstPDU(t *testing.T) {
	header := func(id, status uint32) []byte {
		return []byte{0, 0, 0, 16, byte(id >> 24), byte(id >> 16), byte(id >> 8), byte(id), byte(status >> 24), byte(status >> 16), byte(status >> 8), byte(status), 0, 0, 0, 7}
	}
	for _, tt := range []struct {
		name       string
		first      []byte
		ok, middle bool // at the beginning, and in the middle before one that is known
	}{
		{"a vendor's", header(0x00010201, 0), true, true},
		{"a vendor's answer", header(0x800102FF, 1), true, true},
		{"a vendor's answer with a status that nobody has", header(0x800102FF, 0xFFFF), true, false},
		{"a request with a status", header(4, 8), true, false},
		{"a status that nobody has", header(0x80000004, 0xFFFFFFFF), true, false},
		{"another protocol's", header(0x00030000, 0), false, false},
	} {
		known := octets(t, pdu.CmdEnquireLink, 8, "")
		for _, cut := range []int{0, 7} {
			segments := []segment{{syn: true}, {data: tt.first[:cut]}, {at: cut, data: tt.first[cut:]}, {at: 16, data: known}}
			got, sum := numbered(t, record(t, false, packets(t, segments...)...))
			if tt.ok && (len(got) != 2 || sum.Passed != 0) || !tt.ok && (len(got) != 1 || sum.Passed != 16) {
				t.Errorf("%s: %q, %+v", tt.name, got, sum)
			}
		}
		got, sum := numbered(t, record(t, false, packets(t, segment{data: tt.first}, segment{at: 16, data: known})...))
		if tt.middle && (len(got) != 2 || sum.Passed != 0) || !tt.middle && (len(got) != 1 || sum.Passed != 16) {
			t.Errorf("%s, in the middle: %q, %+v", tt.name, got, sum)
		}
	}
}

// Packets of which only the beginning was recorded are counted, and what there is of them is used.
func TestCutPackets(t *testing.T) {
	all, n := stream(t, 1, 3)
	ps := packets(t, segment{syn: true}, segment{data: all[:2*n]}, segment{at: 2 * n, data: all[2*n:]})
	ps[1] = ps[1][:len(ps[1])-5]
	got, sum := numbered(t, record(t, false, ps...))
	if !slices.Equal(got, []string{"1 > 1", "2 > 3"}) || sum.Unreadable != 1 || sum.Missing != 5 || sum.Passed != int64(n-5) {
		t.Errorf("%q, %+v", got, sum)
	}
}
