package pdu

import (
	"fmt"
	"strings"
	"time"
)

// Receipt is what a delivery receipt says (SMPP 3.4 appendix B, §5.3.2.12, §5.3.2.31, §5.3.2.35), as text and verbatim.
type Receipt struct {
	ID         string // of the message, as the SMSC writes it: the TLV's, or else the text's
	Sub, Dlvrd string // messages that were submitted and delivered: three digits
	SubmitDate string // YYMMDDhhmm, or what the SMSC writes instead: see [ParseReceiptDate]
	DoneDate   string
	Stat       string // DELIVRD, EXPIRED, UNDELIV, ...
	Err        string // of the network or the SMSC: digits or not
	Text       string // the beginning of the message

	TextID       string           // the text's id where the TLV has another one
	NetworkError NetworkErrorCode // of the TLV network_error_code
	Intermediate bool             // a notification on the way (esm_class 0x20), not the last word
}

const (
	esmTypeMask     = 0x3C
	esmReceipt      = 0x04
	esmIntermediate = 0x20
)

// IsReceipt reports whether a deliver_sm or data_sm is a delivery receipt or an intermediate notification,
// by its esm_class (SMPP 3.4 §5.2.12).
func (p *PDU) IsReceipt() bool {
	if p.id != CmdDeliverSM && p.id != CmdDataSM {
		return false
	}
	t := p.Int(FieldESMClass) & esmTypeMask
	return t == esmReceipt || t == esmIntermediate
}

// Receipt returns the delivery receipt that a deliver_sm or data_sm is (SMPP 3.4 appendix B, 5.0 §4.3.5.1); false for an
// ordinary message.
// The fields may stand in any order or be missing; TLVs win over the text, the first of a tag over others. The
// text of the message, which may say anything, ends where a field begins that was not there before and has a value that it
// can have. It takes time in proportion to the length of the PDU, and one allocation, two where the ids differ.
func (p *PDU) Receipt() (r Receipt, ok bool) {
	if !p.IsReceipt() {
		return r, false
	}
	r.Intermediate = p.Int(FieldESMClass)&esmTypeMask == esmIntermediate
	r.parse(p.receiptText())
	r.take(p.Options())
	return r, true
}

// take takes what the TLVs say, the first of each.
func (r *Receipt) take(t TLVs) {
	if id, _ := t.Get(TagReceiptedMessageID); len(id) > 0 {
		if id = trimNUL(id); len(id) > 0 && string(id) != r.ID {
			r.ID, r.TextID = string(id), r.ID
		}
	}
	if state, _ := t.Get(TagMessageState); len(state) == 1 {
		if s := MessageState(state[0]).Stat(); s != "" {
			r.Stat = s
		}
	}
	if network, ok := t.Get(TagNetworkErrorCode); ok {
		r.NetworkError, _ = ParseNetworkErrorCode(network)
	}
}

// receiptText is the text of a receipt: octets that are nearly always ASCII, whatever data_coding says, and
// UCS-2 where they are that.
func (p *PDU) receiptText() string {
	b := p.UserData()
	if len(b) > 1 && b[0] == 0 && uint8(p.Int(FieldDataCoding)) == 8 {
		// A character may end in a zero octet (U+4E00): only one that is all zeros ends the text, or half a one.
		if n := len(b); n%2 == 1 && b[n-1] == 0 {
			b = b[:n-1]
		}
		for n := len(b); n%2 == 0 && n > 0 && b[n-2] == 0 && b[n-1] == 0; n = len(b) {
			b = b[:n-2]
		}
		return string(appendFromUCS2(nil, b))
	}
	for n := len(b); n > 0 && b[n-1] == 0; n-- {
		b = b[:n-1]
	}
	return string(b)
}

// receiptStats are the words of the text form.
var receiptStats = [...]string{"SCHEDLD", "ENROUTE", "DELIVRD", "EXPIRED", "DELETED", "UNDELIV", "ACCEPTD", "UNKNOWN", "REJECTD", "SKIPPED"}

// Stat is the word for the state in a receipt's text (SMPP 3.4 appendix B, table B-2); empty for a value that is not defined.
func (s MessageState) Stat() string {
	if int(s) < len(receiptStats) {
		return receiptStats[s]
	}
	return ""
}

// State returns the message state (SMPP 3.4 §5.2.28) that Stat is a word for, vendors' words too; false for another word.
func (r *Receipt) State() (MessageState, bool) {
	for s, w := range receiptStats {
		if asciiFold(r.Stat, w) {
			return MessageState(s), true
		}
	}
	for _, v := range vendorStats {
		if asciiFold(r.Stat, v.word) {
			return v.state, true
		}
	}
	return 0, false
}

// vendorStats are words beside those of appendix B that SMSCs write.
var vendorStats = []struct {
	word  string
	state MessageState
}{{"DELIVERED", 2}, {"FAILED", 5}, {"UNDELIVERABLE", 5}, {"UNDELIVERED", 5}, {"ACKED", 6}, {"ACCEPTED", 6}, {"BUFFRED", 1}, {"BUFFERED", 1},
	{"SCHEDULED", 0}, {"REJECTED", 8}}

// Final reports whether nothing more is to be expected for the message (SMPP 3.4 §5.2.28). An unknown word is final
// unless the receipt is an intermediate one; ENROUTE, SCHEDLD and their like are not. ACCEPTD is: it was
// read by somebody on behalf of the subscriber.
func (r *Receipt) Final() bool {
	s, ok := r.State()
	return !r.Intermediate && (!ok || s > 1)
}

// SubmitTime reads the submit date (SMPP 3.4 appendix B); false where there is none. The text has no time zone: zone is the SMSC's, which its
// operator knows, and which is UTC for many.
func (r *Receipt) SubmitTime(zone *time.Location) (time.Time, bool) {
	return ParseReceiptDate(r.SubmitDate, zone)
}

// DoneTime is SubmitTime for the done date (SMPP 3.4 appendix B).
func (r *Receipt) DoneTime(zone *time.Location) (time.Time, bool) {
	return ParseReceiptDate(r.DoneDate, zone)
}

// AppendTo appends the text form of SMPP 3.4 appendix B, whatever the lengths of its fields.
func (r *Receipt) AppendTo(dst []byte) []byte {
	dst = append(append(dst, "id:"...), r.ID...)
	dst = append(append(dst, " sub:"...), r.Sub...)
	dst = append(append(dst, " dlvrd:"...), r.Dlvrd...)
	dst = append(append(dst, " submit date:"...), r.SubmitDate...)
	dst = append(append(dst, " done date:"...), r.DoneDate...)
	dst = append(append(dst, " stat:"...), r.Stat...)
	dst = append(append(dst, " err:"...), r.Err...)
	return append(append(dst, " text:"...), r.Text...)
}

// String is the text form (SMPP 3.4 appendix B).
func (r Receipt) String() string { return string(r.AppendTo(nil)) }

// Set makes the deliver_sm or data_sm that is being built the receipt: esm_class, the text, and the TLVs
// receipted_message_id, message_state and where it has a type network_error_code (SMPP 5.0 §4.3.5.1 wants
// them). The caller swaps the addresses of the message it is for. A value that would be read back as another field or cut, such as a Stat of two words, is in
// [PDU.Err] of what is built; AppendTo takes any. A Stat that the TLV message_state names otherwise is read as that.
func (r *Receipt) Set(b *Builder) {
	t := int64(esmReceipt)
	if r.Intermediate {
		t = esmIntermediate
	}
	b.SetInt(FieldESMClass, t)
	r.checkForm(b)
	if text := r.AppendTo(nil); b.cmd.Has(FieldShortMessage) && len(text) <= 254 {
		b.SetString(FieldShortMessage, string(text))
	} else {
		b.AddTLV(TagMessagePayload, string(text))
	}
	b.AddTLVString(TagReceiptedMessageID, r.ID)
	if s, ok := r.State(); ok {
		b.AddTLVInt(TagMessageState, int64(s))
	}
	if n := r.NetworkError; n.Type != 0 {
		b.AddTLV(TagNetworkErrorCode, string([]byte{n.Type, byte(n.Code >> 8), byte(n.Code)}))
	}
}

// checkForm refuses the fields that the text form cannot hold.
func (r *Receipt) checkForm(b *Builder) {
	var back Receipt
	back.parse(r.String())
	for key := range keyText {
		if want, got := *r.field(key), *back.field(key); got != want {
			name := strings.TrimSuffix(receiptKeys[key], ":")
			b.fail("receipt", fmt.Sprintf("%s %.40q would be read as %.40q: it must be a word without spaces, and not like another field", name, want, got), true)
			return
		}
	}
}
