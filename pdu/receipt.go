package pdu

import (
	"bytes"
	"fmt"
	"strings"
)

// Receipt is what a delivery receipt says (SMPP 3.4 appendix B), as text and verbatim.
type Receipt struct {
	ID         string // of the message, as the SMSC writes it
	Sub, Dlvrd string
	SubmitDate string // YYMMDDhhmm, or what the SMSC writes instead
	DoneDate   string
	Stat       string // DELIVRD, EXPIRED, UNDELIV, ...
	Err        string
	Text       string
}

const (
	esmTypeMask     = 0x3C
	esmReceipt      = 0x04
	esmIntermediate = 0x20
)

// receiptKeys are the fields of the text form. Two have a space inside.
var receiptKeys = []string{"id:", "sub:", "dlvrd:", "submit date:", "done date:", "stat:", "err:", "text:"}

// Receipt returns the delivery receipt that a deliver_sm or data_sm is; false for an ordinary message.
// The fields may stand in any order or be missing; TLVs win over the text.
func (p *PDU) Receipt() (Receipt, bool) {
	var r Receipt
	if p.id != CmdDeliverSM && p.id != CmdDataSM {
		return r, false
	}
	if t := p.Int(FieldESMClass) & esmTypeMask; t != esmReceipt && t != esmIntermediate {
		return r, false
	}
	r.parse(string(bytes.TrimRight(p.payload()[len(p.UDH()):], "\x00")))
	if id, ok := p.TLV(TagReceiptedMessageID); ok {
		r.ID = string(bytes.TrimRight(id, "\x00"))
	}
	if state, ok := p.TLV(TagMessageState); ok && len(state) == 1 {
		if stat, ok := receiptStats[state[0]]; ok {
			r.Stat = stat
		}
	}
	return r, true
}

// receiptStats are the words of the text form for the values of the TLV message_state.
var receiptStats = map[byte]string{0: "SCHEDLD", 1: "ENROUTE", 2: "DELIVRD", 3: "EXPIRED", 4: "DELETED",
	5: "UNDELIV", 6: "ACCEPTD", 7: "UNKNOWN", 8: "REJECTD", 9: "SKIPPED"}

func (r *Receipt) parse(s string) {
	lower := strings.ToLower(s)
	if len(lower) != len(s) {
		lower = s // a letter that changes its length when it changes its case: not in a key
	}
	for i := 0; i < len(s); {
		key := keyAt(lower, i)
		if key == "" {
			i++
			continue
		}
		start := i + len(key)
		end := len(s)
		if key != "text:" { // the text is the rest, whatever it says
			for end = start; end < len(s) && keyAt(lower, end) == ""; end++ {
			}
		}
		r.set(key, strings.TrimSpace(s[start:end]))
		i = end
	}
}

// keyAt returns the key that starts at i, at the beginning of a word.
func keyAt(s string, i int) string {
	if i > 0 && s[i-1] != ' ' && s[i-1] != '\n' {
		return ""
	}
	for _, k := range receiptKeys {
		if strings.HasPrefix(s[i:], k) {
			return k
		}
	}
	return ""
}

func (r *Receipt) set(key, value string) {
	field := map[string]*string{"id:": &r.ID, "sub:": &r.Sub, "dlvrd:": &r.Dlvrd, "submit date:": &r.SubmitDate,
		"done date:": &r.DoneDate, "stat:": &r.Stat, "err:": &r.Err, "text:": &r.Text}[key]
	if *field == "" {
		*field = value
	}
}

// String is the text form.
func (r Receipt) String() string {
	return fmt.Sprintf("id:%s sub:%s dlvrd:%s submit date:%s done date:%s stat:%s err:%s text:%s",
		r.ID, r.Sub, r.Dlvrd, r.SubmitDate, r.DoneDate, r.Stat, r.Err, r.Text)
}
