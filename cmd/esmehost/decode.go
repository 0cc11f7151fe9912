package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/esmehost/esmehost/capture"
	"github.com/esmehost/esmehost/diag"
	"github.com/esmehost/esmehost/pdu"
)

var decodeCommand = &cli.Command{
	Name: "decode", Usage: "explain PDUs, field by field", ArgsUsage: "[HEX... | FILE.pcap...]",
	Description: "HEX may have spaces, colons, commas, dashes, quotes, and 0x or \\x in front, and may be several PDUs one behind the other, or TLVs that stand alone. Groups of one or two digits are an octet each.\n" +
		"Without it, or with -, standard input is read: " +
		"hex, a line at a time, # and what follows left out, or a capture. A capture is pcap or pcapng, of any port; its TCP connections are put together.\n" +
		"With --json each PDU is an object on a line of its own, of a capture with time, from and to.\n" +
		"Exit 1 when one cannot be decoded, or something else stands in its place.\n\n" +
		"Examples: esmehost decode 00000010000000150000000000000001\n" +
		"          esmehost decode --json trace.pcap",
	Flags: []cli.Flag{jsonFlag, &cli.BoolFlag{Name: "warnings", Usage: "with --json: also what a bind forgives, as \"warnings\""}, &cli.StringFlag{Name: "tlv", Usage: "the hex is the value of the TLV `NAME`, such as callback_num"},
		&cli.StringFlag{Name: "data-coding-0", Usage: "data_coding 0 means this `ALPHABET` at the SMSC: " + strings.Join(pdu.AlphabetNames(), ", "), Value: pdu.GSM.String()}},
	Action: func(c *cli.Context) error {
		d := &decoder{out: bufio.NewWriter(c.App.Writer), json: c.Bool("json"), tlv: c.String("tlv"), warnings: c.Bool("warnings")}
		var known bool
		if d.zero, known = pdu.AlphabetByName(c.String("data-coding-0")); !known {
			name := c.String("data-coding-0")
			return usage("there is no alphabet '%s'%s", name, didYouMean(name, pdu.AlphabetNames()))
		}
		err := d.input(c.Args().Slice(), os.Stdin)
		if e := d.out.Flush(); err == nil {
			err = e
		}
		var wrong []string
		if d.failed > 0 {
			wrong = append(wrong, fmt.Sprintf("%d %s malformed", d.failed, plural(d.failed, "PDU")))
		}
		if d.faults > 0 {
			wrong = append(wrong, fmt.Sprintf("%d %s without a PDU's beginning", d.faults, plural(d.faults, "place")))
		}
		if d.lines > 0 {
			wrong = append(wrong, fmt.Sprintf("%d %s not understood", d.lines, plural(d.lines, "line")))
		}
		if err == nil && wrong != nil {
			err = cli.Exit(strings.Join(wrong, ", "), exitFailed)
		}
		return err
	},
}

// decoder explains PDUs, wherever they come from.
type decoder struct {
	out    *bufio.Writer
	json   bool
	tlv    string       // the TLV whose value the hex is
	zero   pdu.Alphabet // what data_coding 0 means
	failed int          // PDUs that are malformed
	faults int          // places in captures where no PDU can start
	lines  int          // of standard input that are not understood
	told   int          // of the latter two

	warnings bool // of JSON too
}

func (d *decoder) input(args []string, stdin io.Reader) error {
	fromStdin := slices.Equal(args, []string{"-"})
	if slices.Contains(args, "-") && !fromStdin {
		return usage("'-' is standard input, which is read alone: give it without other arguments")
	}
	if files := slices.ContainsFunc(args, isFile); files {
		for _, name := range args {
			if err := d.file(name); err != nil {
				return err
			}
		}
		return nil
	}
	if len(args) > 0 && !fromStdin {
		return d.hex(strings.Join(args, " "), "no hex, nor is there a file of that name")
	}
	in := bufio.NewReaderSize(stdin, 1<<20)
	if start, _ := in.Peek(4); capture.Recognises(start) || unpack(start) != "" {
		return d.capture("standard input", in)
	}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 16<<20)
	for n := 1; lines.Scan(); n++ {
		line, _, _ := strings.Cut(strings.TrimPrefix(lines.Text(), "\uFEFF"), "#") // editors write the mark, people the remark
		if line = strings.TrimSpace(line); line != "" {
			if err := d.hex(line, "no hex"); err != nil {
				d.lines++
				if err := d.tell("line %d: %v", n, err); err != nil {
					return err
				}
			}
		}
	}
	return lines.Err()
}

// mostTold is how many faults are told one by one: a capture may have millions. All are counted.
const mostTold = 50

// tell writes a fault to standard error, behind what was printed before it.
func (d *decoder) tell(format string, args ...any) error {
	if d.told++; d.told > mostTold {
		return nil
	}
	err := d.out.Flush()
	fmt.Fprintf(os.Stderr, "esmehost: "+format+"\n", args...)
	if d.told == mostTold {
		fmt.Fprintln(os.Stderr, "esmehost: what more there is like that is only counted")
	}
	return err
}

func isFile(name string) bool {
	st, err := os.Stat(name)
	return err == nil && st.Mode().IsRegular()
}

func (d *decoder) file(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := d.capture(name, f); err != nil {
		return err
	}
	return d.out.Flush() // what it was is on standard error
}

// hex explains the PDUs of a text, one behind the other. Of what is no hex, an error says what it is not.
func (d *decoder) hex(text, not string) error {
	octets, err := octetsOf(text)
	if err != nil {
		return usage("'%s' is %s: %v", oneLine(text, 40), not, err)
	}
	if d.tlv != "" {
		tag, ok := pdu.TagByName(d.tlv)
		if !ok {
			var names []string
			for _, t := range pdu.Tags() {
				names = append(names, t.Name)
			}
			return usage("there is no TLV '%s'%s", d.tlv, didYouMean(d.tlv, names))
		}
		return d.print(pdu.ExplainedTLV{Tag: tag, Value: octets})
	}
	if tlvs, ok := pdu.ExplainTLVs(octets); ok {
		for _, t := range tlvs {
			if err := d.print(t); err != nil {
				return err
			}
		}
		return nil
	}
	malformed := false
	for e := range pdu.ExplainAll(octets) {
		if err := d.explain(e, nil); err != nil {
			return err
		}
		malformed = e.Error != ""
		octets = octets[len(e.Octets()):]
	}
	if n := len(octets); n > 0 && !malformed {
		return fmt.Errorf("%d %s behind the last PDU: %x", n, plural(n, "octet"), octets)
	}
	return nil
}

func didYouMean(name string, names []string) string {
	if n := diag.Near(name, names); n != "" {
		return fmt.Sprintf("; did you mean '%s'?", n)
	}
	return ""
}

// print prints a TLV that stands alone.
func (d *decoder) print(e pdu.ExplainedTLV) error {
	if !d.json {
		return e.WriteText(d.out)
	}
	j, err := e.MarshalJSON() // json.Marshal would write a "<" as \u003c
	if err != nil {
		return err
	}
	_, err = d.out.Write(append(j, '\n'))
	return err
}

// timeLayout is how times stand in text.
const timeLayout = "2006-01-02 15:04:05.000000"

// explain prints one PDU; of a capture with what is known of its way.
func (d *decoder) explain(e *pdu.Explanation, way *capture.PDU) error {
	if e.Error != "" {
		d.failed++
	}
	e.Zero = d.zero
	if !d.json {
		if way != nil {
			fmt.Fprintf(d.out, "%s  %s > %s\n", way.Time.UTC().Format(timeLayout), way.From, way.To)
		}
		return e.WriteText(d.out)
	}
	j, err := e.MarshalJSON()
	if err != nil {
		return err
	}
	if d.warnings {
		k, err := json.Marshal(struct {
			Warnings []string `json:"warnings"`
		}{append([]string{}, e.Warnings().Codes()...)})
		if err != nil {
			return err
		}
		j = joined(j, k)
	}
	if way != nil {
		k, err := json.Marshal(struct {
			Time string `json:"time"`
			From string `json:"from"`
			To   string `json:"to"`
		}{way.Time.UTC().Format("2006-01-02T15:04:05.000000Z"), way.From, way.To})
		if err != nil {
			return err
		}
		j = joined(k, j)
	}
	_, err = d.out.Write(append(j, '\n'))
	return err
}

// joined makes one JSON object of two that are not empty.
func joined(a, b []byte) []byte {
	return append(append(bytes.TrimSuffix(a, []byte("}")), ','), bytes.TrimPrefix(b, []byte("{"))...)
}

// capture explains the PDUs of a capture, and says what of it could not be used.
func (d *decoder) capture(name string, r io.Reader) error {
	in := bufio.NewReader(r)
	if start, _ := in.Peek(4); unpack(start) != "" {
		return fmt.Errorf("%s: it is compressed: unpack it with %s first", name, unpack(start))
	}
	others := map[string]int{} // connections of other protocols, by what they are
	fault := func(f capture.Fault) {
		if !f.SMPP {
			what := "of a wrong command_length"
			if f.Err.Looks != "" {
				what = "like " + f.Err.Looks
			}
			others[what]++
			return
		}
		why := f.Err.Error()
		if f.Err.Looks == "" && f.Err.Length >= pdu.HeaderLen { // the error speaks of a setting of binds
			why = fmt.Sprintf("command_length %d unreasonable", f.Err.Length)
		}
		d.faults++
		_ = d.tell("%s: %s  %s > %s: %s; left out up to the next PDU", name, f.Time.UTC().Format(timeLayout), f.From, f.To, why) // an error of the output stays for what is written next
	}
	sum, err := capture.Read(in, func(p capture.PDU) error { return d.explain(pdu.Explain(p.Octets), &p) }, fault)
	if errors.Is(err, capture.ErrFormat) {
		return fmt.Errorf("%s: %w; hex is read from standard input: esmehost decode <%s", name, err, name)
	} else if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if sum.PDUs == 0 {
		text := name + ": no SMPP in it: " + leftOut(sum, others)
		if sum.Connections > 0 && (len(others) == 0 || others["like TLS"] > 0) {
			text += "; a capture of TLS has none that can be read"
		}
		return errors.New(text)
	}
	fmt.Fprintf(os.Stderr, "%s: %d %s of %d %s; %s\n", name, sum.PDUs, plural(sum.PDUs, "PDU"), sum.SMPP, plural(sum.SMPP, "connection"), leftOut(sum, others))
	return nil
}

// unpack names the program that unpacks what begins like this; empty if it is not compressed.
func unpack(start []byte) string {
	for magic, program := range map[string]string{"\x1f\x8b": "gunzip", "\x28\xb5\x2f\xfd": "unzstd", "\xfd7zX": "unxz", "BZh": "bunzip2"} {
		if strings.HasPrefix(string(start), magic) {
			return program
		}
	}
	return ""
}

// leftOut says what of a capture could not be used.
func leftOut(s capture.Summary, others map[string]int) string {
	without := "without SMPP"
	for i, what := range slices.Sorted(maps.Keys(others)) {
		without += fmt.Sprintf("%s%d %s", []string{" (", ", "}[min(i, 1)], others[what], what)
	}
	if len(others) > 0 {
		without += ")"
	}
	text := fmt.Sprintf("%d %s", s.Packets, plural(s.Packets, "packet"))
	for _, x := range []struct {
		n          int64
		unit, what string
	}{
		{int64(s.Connections - s.SMPP), "TCP connection", without}, {int64(s.NotTCP), "packet", "not of TCP"}, {int64(s.Unreadable), "packet", "unreadable"},
		{int64(s.Fragments), "fragment", "of packets that were not recorded whole"},
		{int64(s.OtherLink), "packet", fmt.Sprintf("of the link type %d, which is not known here (record with tcpdump -i any)", s.Link)},
		{s.Missing, "octet", "not recorded"}, {s.Passed, "octet", "of no whole PDU"},
	} {
		if x.n > 0 {
			text += fmt.Sprintf(", %d %s %s", x.n, plural(int(x.n), x.unit), x.what)
		}
	}
	return text
}
