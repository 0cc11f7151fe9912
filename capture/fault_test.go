package capture

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/esmehost/esmehost/pdu"
)

// What stands in the place of a PDU is told once, with its direction and its time, and the PDUs behind it are found.
func TestFaults(t *testing.T) {
	link := octets(t, pdu.CmdEnquireLink, 1, "")
	junk := []byte("\xff\xff\xff\xff" + strings.Repeat("junk", 10))
	text, short, tls := []byte("HTTP/1.1 400 Bad Request\r\n\r\n"), make([]byte, 20), []byte("\x16\x03\x01\x00\x50"+strings.Repeat("q", 60))
	proxy := []byte("PROXY TCP4 10.0.0.1 10.0.0.2 40000 3550\r\n")
	cat := slices.Concat[[]byte]
	syn, synBack := segment{syn: true}, segment{syn: true, back: true}
	for _, tt := range []struct {
		name     string
		segments []segment
		want     []string
		pdus     int
	}{
		{"amid SMPP", []segment{syn, {data: cat(link, junk, link)}}, []string{"1 > SMPP command_length 4294967295 is more than max_pdu_size (1048576)"}, 2},
		{"twice", []segment{syn, {data: link}, {at: 16, data: cat(junk, link)}, {at: 76, data: cat(short, link)}},
			[]string{"2 > SMPP command_length 4294967295 is more than max_pdu_size (1048576)", "3 > SMPP command_length 0 is less than a header (16)"}, 3},
		{"cut into octets", append([]segment{syn}, octetByOctet(cat(link, junk, link))...),
			[]string{"20 > SMPP command_length 4294967295 is more than max_pdu_size (1048576)"}, 2},
		{"of the SMSC", []segment{syn, synBack, {data: link}, {back: true, data: cat(link, text)}}, []string{"3 < SMPP this is no SMPP but looks like HTTP"}, 2},
		{"at the beginning of one direction", []segment{syn, synBack, {data: link}, {back: true, data: text}}, []string{"3 < SMPP this is no SMPP but looks like HTTP"}, 1},
		{"at the beginning, and short", []segment{syn, synBack, {data: link}, {back: true, data: text[:5]}}, []string{"3 < SMPP this is no SMPP but looks like HTTP"}, 1},
		{"at a beginning that was not recorded", []segment{{data: cat(text, link)}}, nil, 1},
		{"behind what was not recorded", []segment{syn, {data: link}, {at: 30, data: cat(junk, link)}}, nil, 2},
		{"a PDU that is cut off", []segment{syn, {data: cat(link, link[:9])}}, nil, 1},
		{"a load balancer", []segment{syn, {data: cat(proxy, link)}}, nil, 1},
		{"another protocol", []segment{syn, synBack, {data: junk}, {back: true, data: tls}}, []string{"3 < other this is no SMPP but looks like TLS"}, 0},
		{"another protocol, from the middle on", []segment{{data: tls}}, []string{"0 > other this is no SMPP but looks like TLS"}, 0},
		{"another protocol, nobody knows which", []segment{syn, {data: junk}}, []string{"1 > other command_length 4294967295 is more than max_pdu_size (1048576)"}, 0},
		{"another protocol, with a length that can be", []segment{syn, {data: []byte(strings.Repeat("\x00\x00\x00\x20", 8))}}, nil, 0},
		{"without octets", []segment{syn, synBack}, nil, 0},
	} {
		var got []string
		sum, err := Read(bytes.NewReader(record(t, false, packets(t, tt.segments...)...)), func(PDU) error { return nil }, func(f Fault) {
			way, what := ">", "other"
			if strings.HasSuffix(f.From, ":3550") {
				way = "<"
			}
			if f.SMPP {
				what = "SMPP"
			}
			got = append(got, fmt.Sprintf("%g %s %s %v", f.Time.Sub(begin).Seconds(), way, what, f.Err))
		})
		if d := cmp.Diff(tt.want, got); d != "" || err != nil || sum.PDUs != tt.pdus {
			t.Errorf("%s: %+v %v\n%s", tt.name, sum, err, d)
		}
	}
}

func octetByOctet(stream []byte) (all []segment) {
	for i := range stream {
		all = append(all, segment{at: i, data: stream[i : i+1]})
	}
	return all
}
