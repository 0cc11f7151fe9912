package pdu

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// hostile are PDUs of about n octets that try to make a decoder do more than their length is worth.
var hostile = map[string]func(n int) []byte{
	"TLVs without a value": func(n int) []byte { return body(CmdDeliverSMResp, 0, "\x00", strings.Repeat("\x14\x00\x00\x00", n/4)) },
	"the same TLV again and again": func(n int) []byte {
		return body(CmdDataSM, 0, strings.Repeat("\x00", 10), strings.Repeat("\x03\x81\x00\x04\x01\x01\x01\x35", n/8))
	},
	"TLVs of wrong lengths": func(n int) []byte {
		return body(CmdDataSM, 0, strings.Repeat("\x00", 10), strings.Repeat("\x02\x04\x00\x00", n/4))
	},
	"an error response of TLVs": func(n int) []byte {
		return body(CmdDataSMResp, 8, "", strings.Repeat("\x04\x23\x00\x03\x03\x00\x1f", n/7))
	},
	"an error response of broken TLVs": func(n int) []byte {
		return body(CmdDataSMResp, 8, "", strings.Repeat("\x04\x23\x00\x03\x03\x00\x1f", n/7)+"\xff")
	},
	"a string without an end":    func(n int) []byte { return body(CmdDataSM, 0, strings.Repeat("x", n), "") },
	"a string that is very long": func(n int) []byte { return body(CmdDataSM, 0, strings.Repeat("x", n), strings.Repeat("\x00", 10)) },
	"a TLV string of NULs": func(n int) []byte {
		return body(CmdSubmitSMResp, 0, "\x00", "\x00\x1d"+string([]byte{byte(n >> 8), byte(n)})+strings.Repeat("\x00", n))
	},
	"a message of escapes": func(n int) []byte {
		return body(CmdDataSM, 0, strings.Repeat("\x00", 10), "\x04\x24"+string([]byte{byte(n >> 8), byte(n)})+strings.Repeat("\x1b", n))
	},
	"destinations": func(n int) []byte {
		count := min(n/32, 255)
		return body(CmdSubmitMulti, 0, "\x00\x00\x00\x00"+string([]byte{byte(count)})+strings.Repeat("\x02"+strings.Repeat("x", 20)+"\x00", count)+strings.Repeat("\x00", 12), "")
	},
}

func body(id CommandID, status byte, fields, tlvs string) []byte {
	b := []byte{0, 0, 0, 0, byte(id >> 24), byte(id >> 16), byte(id >> 8), byte(id), 0, 0, 0, status, 0, 0, 0, 1}
	return setLength(append(append(b, fields...), tlvs...))
}

// readEverything is what a program can do with a PDU.
func readEverything(b []byte) {
	var p PDU
	_ = p.Decode(b)
	_ = p.String()
	p.Typed()
	for range p.TLVs() {
	}
	p.TLV(0xFFFF)
	_, _ = p.Text()
	p.Receipt()
	e := Explain(b)
	_, _ = e.MarshalJSON()
	_ = e.WriteText(io.Discard)
	s := bufio.NewScanner(bytes.NewReader(b))
	s.Buffer(nil, 1<<20)
	for s.Split(Frames(1 << 20)); s.Scan(); {
	}
}

const workEnv = "PDU_TEST_WORK"

// Twice the octets are at most twice the work, whatever the octets are. The work is counted: the statements of
// this package that are run, by its own binary built to count them.
func TestWorkIsLinear(t *testing.T) {
	if c, n, ok := strings.Cut(os.Getenv(workEnv), "/"); ok {
		var size int
		fmt.Sscan(n, &size)
		readEverything(hostile[c](size))
		return
	}
	if testing.CoverMode() != "" {
		t.Skip("this run counts statements already")
	}
	bin := filepath.Join(t.TempDir(), "pdu.test")
	if out, err := exec.Command("go", "test", "-c", "-cover", "-covermode=count", "-o", bin, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	count := func(c string, n int) (work int) {
		profile := filepath.Join(t.TempDir(), "profile")
		cmd := exec.Command(bin, "-test.run=^TestWorkIsLinear$", "-test.coverprofile="+profile)
		cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s/%d", workEnv, c, n))
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		src, err := os.ReadFile(profile)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(src)) { // file:from,to statements times
			f := strings.Fields(line)
			var statements, times int
			if len(f) == 3 {
				fmt.Sscan(f[1], &statements)
				fmt.Sscan(f[2], &times)
				work += statements * times
			}
		}
		return work
	}
	for c := range hostile {
		t.Run(c, func(t *testing.T) {
			none, one, two := count(c, 0), count(c, 4000), count(c, 8000)
			if none < 100 {
				t.Fatalf("only %d statements are counted", none)
			}
			if one -= none; two-none > one*21/10+200 {
				t.Errorf("%d statements for 4,000 octets, %d for 8,000", one, two-none)
			}
			t.Logf("%d statements for 4,000 octets, %d for 8,000", one, two-none)
		})
	}
}
