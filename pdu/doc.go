// Package pdu is the wire of SMPP 3.3, 3.4 and 5.0: octets to PDUs and back, without I/O and without state.
//
//	octets ──FrameLength──► one PDU's octets ──Decode──► PDU: fields by offset, read when asked for
//	values ──Builder──────► PDU ──AppendTo──► octets
//
// A received and a built [PDU] are the same thing: octets, and where the fields lie in them. Decode
// borrows the caller's slice: the PDU and all that Bytes and TLVs return hold until the slice is
// written to. [PDU.Clone] keeps one.
//
// Decoding is lenient and flags what it forgave ([PDU.Warnings]); building is strict ([PDU.Err]).
// Commands, fields, TLVs and status codes are generated from the protocol's facts.
package pdu

//go:generate go run ./internal/gen
