package luabind

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/esmehost/esmehost/pdu"
)

// deliver sends a deliver_sm to the bind.
func (p *peer) deliver(sequence uint32, build func(b *pdu.Builder)) {
	cmd, _ := pdu.CommandByID(pdu.CmdDeliverSM)
	b := pdu.NewBuilder(cmd)
	b.SetSequence(sequence)
	b.SetString(pdu.FieldSourceAddr, "1")
	b.SetString(pdu.FieldDestinationAddr, "2")
	build(b)
	p.raw(b.Build().AppendTo(nil))
}

// script runs lines of Lua in handle_pdu, with p at hand and show, which writes its arguments to the log.
func smsScript(lines string) string {
	return `local function show(...)
	local t = {}
	for i = 1, select("#", ...) do t[i] = tostring((select(i, ...))) end
	log.info(table.concat(t, "|"))
end
return { handle_pdu = function(p) ` + lines + ` end,
	handle_info = function(m) if m.event == "incomplete_message" then
		show("incomplete", m.message.text, m.message.parts, m.message.total, table.concat(m.message.missing, ","), m.message.reason, m.message.complete) end end }`
}

func TestSMS(t *testing.T) {
	for _, tt := range []struct {
		name, lines string
		options     Options
		want        []string
	}{
		{"parts of a long text", `for _, q in ipairs(sms.submit { to = "1", text = ("a"):rep(307), ref = 300 }) do
			show(q.data_coding, q.esm_class, q.sm_length, q.udh.reference, q.udh.total, q.udh.number, q.segment.kind, #q.text) end`, Options{},
			[]string{"0|64|159|44|3|1|udh8|153", "0|64|159|44|3|2|udh8|153", "0|64|7|44|3|3|udh8|1"}},
		{"16-bit references, beside other bits of esm_class", `for _, q in ipairs(sms.submit { to = "1", text = ("ж"):rep(71), ref = 300, split = "udh16", esm_class = 3 }) do
			show(q.data_coding, q.esm_class, q.sm_length, q.udh.reference, q.segment.number, #q.text) end`, Options{},
			[]string{"8|67|139|300|1|132", "8|67|17|300|2|10"}},
		{"SAR", `for _, q in ipairs(sms.submit { to = "1", text = ("a"):rep(161), ref = 9, split = "sar", receipt = true }) do
			show(q.esm_class, q.sar_msg_ref_num, q.sar_total_segments, q.sar_segment_seqnum, q.udh, q.segment.kind, q.registered_delivery, #q.short_message) end`, Options{},
			[]string{"0|9|2|1|nil|sar|1|153", "0|9|2|2|nil|sar|1|8"}},
		{"message_payload", `local all = sms.submit { to = "1", text = ("a"):rep(1000), split = "payload" }
			show(#all, all[1].sm_length, #all[1].message_payload, #all[1].text, all[1].segment)`, Options{}, []string{"1|0|1000|1000|nil"}},
		{"references count on", `local function ref() return sms.submit({ to = "1", text = ("a"):rep(161), split = "udh16" })[1].udh.reference end
			local a = ref() sms.submit { to = "1", text = "short" } show((ref() - a) % 65536)`, Options{}, []string{"1"}},
		{"ports and elements", `local q = sms.submit({ to = "1", text = "a", ports = { destination = 2948, source = 9200 }, elements = { { id = 0x70, data = "\1\2" } } })[1]
			show(q.udh.destination_port, q.udh.source_port, #q.udh.elements, q.udh.elements[2].id, #q.udh.octets, q.text)`, Options{}, []string{"2948|9200|2|112|11|a"}},
		{"flash, and validity", `local q = sms.submit({ to = "1", text = "a", flash = true, validity = "36h" })[1]
			local far = sms.submit({ to = "1", text = "ж", flash = true, validity = "1000h" })[1]
			show(q.data_coding, q.validity_period, q.text, far.data_coding, #far.validity_period, far.validity_period:sub(-3))`, Options{}, []string{"240|000001120000000R|a|24|16|00+"}},
		{"national tables", `local q = sms.submit({ to = "1", text = ("a"):rep(100) .. "ı", languages = { "turkish" } })[1]
			show(q.data_coding, q.udh.single_shift, q.text:sub(-2)) show(sms.submit({ to = "1", text = "ışık" })[1].data_coding)`, Options{}, []string{"0|turkish|ı", "8"}},
		{"what is not in the alphabet", `local none, err = sms.submit { to = "1", text = "aж", encoding = "latin1" } show(none, err.code, err)
			none, err = sms.submit { to = "1", text = "a\255" } show(none, err.code)`, Options{},
			[]string{"nil|not_in_alphabet|not_in_alphabet: 'ж' (U+0436) at octet 1 is not in the alphabet latin1: leave the choice of it open, or take ucs2", "nil|invalid_text"}},
		{"binary", `local q = sms.submit({ to = "1", text = "\0\255", encoding = "binary" })[1] show(q.data_coding, q.text, #q.short_message)`, Options{}, []string{"4|nil|2"}},
		{"mistakes raise", `for _, m in ipairs { { to = "1", text = "a", short_message = "b" }, { to = "1", text = "a", languages = { "klingon" } }, { to = "1", text = "a", encoding = "ucs-2" },
				{ to = "1", text = "a", flash = true, encoding = "latin1" }, { to = "1", text = "$", elements = { { id = 0x25, data = "\10" } } }, { to = "1", text = "a", ref = 65536 }, { to = "1", text = "a", sorce_addr = "2" } } do
				show((select(2, pcall(sms.submit, m)))) end`, Options{}, []string{
			"sms.submit: field 'short_message' is made from text",
			`sms.submit: option 'languages[1]' must be one of "turkish"`,
			`sms.submit: field 'encoding' must be one of "auto", "gsm"`,
			"sms.submit: a flash message cannot be in the alphabet latin1: it must be gsm, ucs2 or binary",
			"sms.submit: the elements have a national language (0x25): give it in the languages, that the text is written in its tables",
			"sms.submit: field 'ref' must be a whole number from 0 to 65535, is number 65536",
			"sms.submit: field 'sorce_addr' is not in submit_sm; did you mean 'source_addr'?"}},
		{"data_coding 0 of an SMSC that sends Latin-1 and takes GSM", `show(p.text, p:with({ source_addr = "9" }).source_addr, sms.decode("\228", 0))
			local q = sms.submit({ to = "1", text = "ä" })[1] show(q.data_coding, #q.short_message, q.short_message:byte(), q.text, (sms.encode("ä")):byte())`,
			Options{DataCoding0: DataCoding0{In: pdu.Latin1}}, []string{"ä|9|ä", "0|1|123|ä|123"}},
		{"data_coding 0 of an SMSC that packs what it takes", `show(p.text) local q = sms.submit({ to = "1", text = "12345678" })[1] show(q.data_coding, #q.short_message, q.text)`,
			Options{DataCoding0: DataCoding0{Out: pdu.GSMPacked}}, []string{"\uFFFD", "0|7|12345678"}},
		{"length", `local n = sms.length(("€"):rep(81)) show(n.alphabet, n.septets, n.units, n.parts, n.per_part, n.remaining, n.data_coding)
			n = sms.length(("ж"):rep(70)) show(n.alphabet, n.septets, n.units, n.parts, n.per_part, n.remaining, n.data_coding)
			n = sms.length(("a"):rep(100) .. "ş", { languages = { "turkish" } }) show(n.alphabet, n.single_shift, n.locking_shift, n.per_part)`, Options{},
			[]string{"gsm|162|162|2|153|143|0", "ucs2|nil|70|1|70|0|8", "gsm|turkish|nil|155"}},
		{"same_id", `show(sms.same_id("0A1B", "2587"), sms.same_id("7", "007"), sms.same_id("a", "b"), sms.same_id("", ""))`, Options{}, []string{"true|true|false|false"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := bound(t, setup{script: smsScript(tt.lines), options: tt.options})
			r.peer.deliver(3, func(b *pdu.Builder) { b.SetString(pdu.FieldShortMessage, "\xe4") })
			for _, want := range tt.want {
				r.expect(want)
			}
		})
	}
}

func TestReceiptInLua(t *testing.T) {
	r := bound(t, setup{script: smsScript(`local d = p.receipt
		show(d.id, d.text_id, d.stat, d.state, d.final, d.intermediate, d.err, d.sub, d.dlvrd, d.submit_date, d.done_date, d.submit_time, d.done_time, d.text, d.network_error and d.network_error.code)`)})
	r.peer.deliver(3, func(b *pdu.Builder) {
		b.SetInt(pdu.FieldESMClass, 4)
		b.SetString(pdu.FieldShortMessage, "id:2587 sub:001 dlvrd:000 submit date:2601021504 done date:0000000000 stat:FAILED err:0a1 text:\xff\x01")
		b.AddTLVString(pdu.TagReceiptedMessageID, "0A1B")
		b.AddTLV(pdu.TagNetworkErrorCode, "\x03\x00\x07")
	})
	r.expect("0A1B|2587|FAILED|UNDELIVERABLE|true|false|0a1|001|000|2601021504|0000000000|1767366240|nil|\xff\x01|7")
}

// Parts come in any order, one of them twice, a reload between them, and the message is whole once.
func TestReassembleInLua(t *testing.T) {
	const script = `local message, state = sms.reassemble(p) show(state, message and message.text, message and message.source_addr, message and message.total)`
	r := bound(t, setup{script: smsScript(script)})
	m, err := pdu.SplitText(strings.Repeat("ж", 66)+"😀 and the rest", pdu.TextOptions{Reference: 7})
	if err != nil {
		t.Fatal(err)
	}
	send := func(i int) {
		r.peer.deliver(uint32(10+i), func(b *pdu.Builder) { m.Set(b, i) })
	}
	send(1)
	r.expect("waiting|nil|nil|nil")
	send(1)
	r.expect("duplicate|nil|nil|nil")
	if err := r.bind.Reload(t.Context(), r.compile(smsScript(script+" local newer = 1"))); err != nil {
		t.Fatal(err)
	}
	send(0)
	r.expect("whole|" + strings.Repeat("ж", 66) + "😀 and the rest|1|2")
	r.peer.deliver(20, func(b *pdu.Builder) { b.SetString(pdu.FieldShortMessage, "short") })
	r.expect("whole|short|1|1")
	// the reference comes round before the rest of a message: the script is told of what there was
	send(0)
	r.expect("duplicate")
	n, _ := pdu.SplitText(strings.Repeat("a", 200), pdu.TextOptions{Reference: 8})
	r.peer.deliver(30, func(b *pdu.Builder) { n.Set(b, 0) })
	r.expect("waiting")
	o, _ := pdu.SplitText(strings.Repeat("b", 200), pdu.TextOptions{Reference: 8})
	r.peer.deliver(31, func(b *pdu.Builder) { o.Set(b, 0) })
	r.expect("incomplete|" + strings.Repeat("a", 153) + "|1|2|2|reference_reused|false")
}

// What is not whole after 30 minutes goes to handle_info, of the session that there is then.
func TestIncompleteMessage(t *testing.T) {
	var now atomic.Int64
	now.Store(time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC).Unix())
	r := bound(t, setup{script: smsScript(`show(select(2, sms.reassemble(p)))`), options: Options{Now: func() time.Time { return time.Unix(now.Load(), 0) }}})
	m, err := pdu.SplitText(strings.Repeat("a", 400), pdu.TextOptions{Reference: 7})
	if err != nil {
		t.Fatal(err)
	}
	for i, part := range []int{2, 0} {
		r.peer.deliver(uint32(10+i), func(b *pdu.Builder) { m.Set(b, part) })
		r.expect("waiting")
	}
	now.Add(29*60 + 59)
	r.bind.expireSegments()
	now.Add(1)
	r.bind.expireSegments()
	r.expect("a message is given up: parts of it have not come reason=timeout")
	r.expect("incomplete|" + strings.Repeat("a", 153+94) + "|2|3|2|timeout|false")
}
