package pdu

import (
	"cmp"
	"encoding/binary"
	"fmt"
)

// NetworkErrorCode is the value of network_error_code (SMPP 3.4 §5.3.2.31, 5.0 §4.8.4.42).
type NetworkErrorCode struct {
	Type uint8 // the kind of network: 1 ANSI-136, 2 IS-95, 3 GSM, and in 5.0 up to 8; some peers write the digit
	Code uint16
}

// ParseNetworkErrorCode reads 3 octets (SMPP 3.4 §5.3.2.31, 5.0 §4.8.4.42); false for another length.
func ParseNetworkErrorCode(b []byte) (v NetworkErrorCode, ok bool) {
	if len(b) != 3 {
		return v, false
	}
	return NetworkErrorCode{b[0], binary.BigEndian.Uint16(b[1:])}, true
}

// AppendTo appends the value's octets (SMPP 3.4 §5.3.2.31, 5.0 §4.8.4.42).
func (v NetworkErrorCode) AppendTo(dst []byte) []byte {
	return binary.BigEndian.AppendUint16(append(dst, v.Type), v.Code)
}

// The values of [CallbackNum.DigitMode] (SMPP 3.4 §5.3.2.36).
const (
	DigitModeTBCD  = 0
	DigitModeASCII = 1
)

// CallbackNum is the value of callback_num (SMPP 3.4 §5.3.2.36, 5.0 §4.8.4.15).
type CallbackNum struct {
	DigitMode uint8
	TON       TON
	NPI       NPI
	Digits    string // 1 to 16 octets, as DigitMode says
}

// ParseCallbackNum reads 4 to 19 octets (SMPP 3.4 §5.3.2.36, 5.0 §4.8.4.15); false for another length.
func ParseCallbackNum(b []byte) (v CallbackNum, ok bool) {
	if len(b) < 4 || len(b) > 19 {
		return v, false
	}
	return CallbackNum{b[0], TON(b[1]), NPI(b[2]), string(b[3:])}, true
}

// AppendTo appends the value's octets (SMPP 3.4 §5.3.2.36, 5.0 §4.8.4.15).
func (v CallbackNum) AppendTo(dst []byte) []byte {
	return append(append(dst, v.DigitMode, uint8(v.TON), uint8(v.NPI)), v.Digits...)
}

// callbackFault says what is wrong with a value of a right length; empty if nothing is.
func callbackFault(v []byte) string {
	switch {
	case v[0] > DigitModeASCII:
		return fmt.Sprintf("digit mode %d, must be 0 (TBCD) or 1 (ASCII)", v[0])
	case v[0] == DigitModeASCII:
		for _, c := range v[3:] {
			if c < ' ' || c > '~' {
				return fmt.Sprintf("digits %.20q, must be printable ASCII in digit mode 1", v[3:])
			}
		}
	}
	return ""
}

// CallbackNumAtag is the value of callback_num_atag (SMPP 3.4 §5.3.2.38, 5.0 §4.8.4.16): the name beside a number.
type CallbackNumAtag struct {
	DataCoding uint8
	Text       []byte // at most 64 octets, as DataCoding says
}

// ParseCallbackNumAtag reads 0 to 65 octets, borrowed (SMPP 3.4 §5.3.2.38, 5.0 §4.8.4.16); false for another length. Without
// octets it is the zero value: a number that has no name beside it.
func ParseCallbackNumAtag(b []byte) (v CallbackNumAtag, ok bool) {
	if len(b) > 65 {
		return v, false
	}
	if len(b) == 0 {
		return v, true
	}
	return CallbackNumAtag{b[0], b[1:]}, true
}

// AppendTo appends the value's octets (SMPP 3.4 §5.3.2.38, 5.0 §4.8.4.16).
func (v CallbackNumAtag) AppendTo(dst []byte) []byte {
	return append(append(dst, v.DataCoding), v.Text...)
}

// CallbackNumPresInd is the value of callback_num_pres_ind (SMPP 3.4 §5.3.2.37, 5.0 §4.8.4.17).
type CallbackNumPresInd struct {
	Presentation uint8 // 0 allowed, 1 restricted, 2 number not available
	Screening    uint8 // 0 user provided, not screened; 1 verified and passed; 2 verified and failed; 3 network provided
}

// ParseCallbackNumPresInd reads 1 octet (SMPP 3.4 §5.3.2.37, 5.0 §4.8.4.17); false for another length.
func ParseCallbackNumPresInd(b []byte) (v CallbackNumPresInd, ok bool) {
	if len(b) != 1 {
		return v, false
	}
	return CallbackNumPresInd{b[0] >> 2 & 3, b[0] & 3}, true
}

func (v CallbackNumPresInd) check() string {
	return cmp.Or(fewBits("Presentation", v.Presentation, 2), fewBits("Screening", v.Screening, 2))
}

// AppendTo appends the value's octet (SMPP 3.4 §5.3.2.37, 5.0 §4.8.4.17).
func (v CallbackNumPresInd) AppendTo(dst []byte) []byte {
	return append(dst, v.Presentation&3<<2|v.Screening&3)
}

// The values of [Subaddress.Kind] (SMPP 3.4 §5.3.2.15).
const (
	SubaddressNSAPEven = 0x80
	SubaddressNSAPOdd  = 0x88
	SubaddressUser     = 0xA0
)

// Subaddress is the value of source_subaddress and dest_subaddress (SMPP 3.4 §5.3.2.15, §5.3.2.16, 5.0 §4.8.4.60, §4.8.4.28).
type Subaddress struct {
	Kind    uint8
	Address []byte // 1 to 22 octets
}

// ParseSubaddress reads 2 to 23 octets, borrowed (SMPP 3.4 §5.3.2.15, §5.3.2.16, 5.0 §4.8.4.60, §4.8.4.28); false for another length.
func ParseSubaddress(b []byte) (v Subaddress, ok bool) {
	if len(b) < 2 || len(b) > 23 {
		return v, false
	}
	return Subaddress{b[0], b[1:]}, true
}

// AppendTo appends the value's octets (SMPP 3.4 §5.3.2.15, §5.3.2.16, 5.0 §4.8.4.60, §4.8.4.28).
func (v Subaddress) AppendTo(dst []byte) []byte { return append(append(dst, v.Kind), v.Address...) }

// MSMsgWaitFacilities is the value of ms_msg_wait_facilities (SMPP 3.4 §5.3.2.13, 5.0 §4.8.4.40).
type MSMsgWaitFacilities struct {
	Active bool
	Type   uint8 // 0 voicemail, 1 fax, 2 e-mail, 3 other
}

// ParseMSMsgWaitFacilities reads 1 octet (SMPP 3.4 §5.3.2.13, 5.0 §4.8.4.40); false for another length.
func ParseMSMsgWaitFacilities(b []byte) (v MSMsgWaitFacilities, ok bool) {
	if len(b) != 1 {
		return v, false
	}
	return MSMsgWaitFacilities{b[0]&0x80 != 0, b[0] & 3}, true
}

func (v MSMsgWaitFacilities) check() string { return fewBits("Type", v.Type, 2) }

// AppendTo appends the value's octet (SMPP 3.4 §5.3.2.13, 5.0 §4.8.4.40).
func (v MSMsgWaitFacilities) AppendTo(dst []byte) []byte {
	b := v.Type & 3
	if v.Active {
		b |= 0x80
	}
	return append(dst, b)
}

// ITSSessionInfo is the value of its_session_info (SMPP 3.4 §5.3.2.43, 5.0 §4.8.4.34).
type ITSSessionInfo struct {
	Session  uint8
	Sequence uint8 // 0 to 127
	End      bool
}

// ParseITSSessionInfo reads 2 octets (SMPP 3.4 §5.3.2.43, 5.0 §4.8.4.34); false for another length.
func ParseITSSessionInfo(b []byte) (v ITSSessionInfo, ok bool) {
	if len(b) != 2 {
		return v, false
	}
	return ITSSessionInfo{b[0], b[1] >> 1, b[1]&1 != 0}, true
}

func (v ITSSessionInfo) check() string { return fewBits("Sequence", v.Sequence, 7) }

// AppendTo appends the value's octets (SMPP 3.4 §5.3.2.43, 5.0 §4.8.4.34).
func (v ITSSessionInfo) AppendTo(dst []byte) []byte {
	b := v.Sequence << 1
	if v.End {
		b |= 1
	}
	return append(dst, v.Session, b)
}

// MSValidity is the value of ms_validity (SMPP 3.4 §5.3.2.27, 5.0 §4.8.4.41).
type MSValidity struct {
	Behaviour uint8  // 0 store indefinitely, 1 power down, 2 registration area, 3 display only; 5.0: 4 relative period
	Units     uint8  // of a relative period, as [BroadcastFrequencyInterval]'s
	Count     uint16 // of Units
}

const msValidityRelative = 4

// ParseMSValidity reads 1 octet or, for a relative period, 4 (SMPP 3.4 §5.3.2.27, 5.0 §4.8.4.41); false for another length.
func ParseMSValidity(b []byte) (v MSValidity, ok bool) {
	switch len(b) {
	case 1:
		return MSValidity{Behaviour: b[0]}, true
	case 4:
		return MSValidity{b[0], b[1], binary.BigEndian.Uint16(b[2:])}, true
	}
	return v, false
}

// AppendTo appends the value's octets (SMPP 3.4 §5.3.2.27, 5.0 §4.8.4.41): 4 for a relative period, else 1.
func (v MSValidity) AppendTo(dst []byte) []byte {
	if dst = append(dst, v.Behaviour); v.Behaviour == msValidityRelative || v.Units != 0 || v.Count != 0 {
		dst = binary.BigEndian.AppendUint16(append(dst, v.Units), v.Count)
	}
	return dst
}

// BroadcastContentType is the value of broadcast_content_type (SMPP 5.0 §4.8.4.8).
type BroadcastContentType struct {
	Network uint8 // 0 generic, 1 GSM, 2 TDMA, 3 CDMA
	Type    uint16
}

// ParseBroadcastContentType reads 3 octets (SMPP 5.0 §4.8.4.8); false for another length.
func ParseBroadcastContentType(b []byte) (v BroadcastContentType, ok bool) {
	if len(b) != 3 {
		return v, false
	}
	return BroadcastContentType{b[0], binary.BigEndian.Uint16(b[1:])}, true
}

// AppendTo appends the value's octets (SMPP 5.0 §4.8.4.8).
func (v BroadcastContentType) AppendTo(dst []byte) []byte {
	return binary.BigEndian.AppendUint16(append(dst, v.Network), v.Type)
}

// BroadcastFrequencyInterval is the value of broadcast_frequency_interval (SMPP 5.0 §4.8.4.11).
type BroadcastFrequencyInterval struct {
	Unit  uint8 // 0 as often as possible, 8 seconds, 9 minutes, 10 hours, 11 days, 12 weeks, 13 months, 14 years
	Count uint16
}

// timeUnits are the names of the units of time (SMPP 5.0 §4.8.4.11).
var timeUnits = map[uint32]string{0: "asap", 8: "seconds", 9: "minutes", 10: "hours", 11: "days", 12: "weeks", 13: "months", 14: "years"}

// ParseBroadcastFrequencyInterval reads 3 octets (SMPP 5.0 §4.8.4.11); false for another length.
func ParseBroadcastFrequencyInterval(b []byte) (v BroadcastFrequencyInterval, ok bool) {
	if len(b) != 3 {
		return v, false
	}
	return BroadcastFrequencyInterval{b[0], binary.BigEndian.Uint16(b[1:])}, true
}

// AppendTo appends the value's octets (SMPP 5.0 §4.8.4.11).
func (v BroadcastFrequencyInterval) AppendTo(dst []byte) []byte {
	return binary.BigEndian.AppendUint16(append(dst, v.Unit), v.Count)
}

// BroadcastAreaIdentifier is the value of broadcast_area_identifier (SMPP 5.0 §4.8.4.4).
type BroadcastAreaIdentifier struct {
	Format  uint8  // 0 alias, 1 ellipsoid arc, 2 polygon
	Details []byte // at most 100 octets
}

// ParseBroadcastAreaIdentifier reads 1 to 101 octets, borrowed (SMPP 5.0 §4.8.4.4); false for another length.
func ParseBroadcastAreaIdentifier(b []byte) (v BroadcastAreaIdentifier, ok bool) {
	if len(b) < 1 || len(b) > 101 {
		return v, false
	}
	return BroadcastAreaIdentifier{b[0], b[1:]}, true
}

// AppendTo appends the value's octets (SMPP 5.0 §4.8.4.4).
func (v BroadcastAreaIdentifier) AppendTo(dst []byte) []byte {
	return append(append(dst, v.Format), v.Details...)
}

// BillingIdentification is the value of billing_identification (SMPP 5.0 §4.8.4.3).
type BillingIdentification struct {
	Format uint8  // bit 7: a vendor's
	Data   []byte // at most 1023 octets
}

// ParseBillingIdentification reads 1 to 1024 octets, borrowed (SMPP 5.0 §4.8.4.3); false for another length.
func ParseBillingIdentification(b []byte) (v BillingIdentification, ok bool) {
	if len(b) < 1 || len(b) > 1024 {
		return v, false
	}
	return BillingIdentification{b[0], b[1:]}, true
}

// AppendTo appends the value's octets (SMPP 5.0 §4.8.4.3).
func (v BillingIdentification) AppendTo(dst []byte) []byte {
	return append(append(dst, v.Format), v.Data...)
}
