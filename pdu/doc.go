// Package pdu is the wire of SMPP 3.3, 3.4 and 5.0: octets to PDUs and back. It does no I/O, looks at no
// clock and keeps no state.
//
// # The way of a PDU
//
//	   octets of a stream                           values of a program
//	           │                                             │
//	Frames, FrameLength: a limit before              ┌───────┴────────┐
//	anything is allocated, and a name for            ▼                ▼
//	what is no SMPP                            SubmitSM{...}       Builder
//	           │                                     │                │ Build
//	   octets of one PDU                             │                ▼
//	           │                                     │               PDU
//	PDU.Decode: borrows, forgives,                   │                │
//	and says so in Warnings                       AppendTo: strict; a refused field is
//	           │                                  named with its limit (Err, RelaxedErr)
//	           ▼                                             │
//	          PDU ──── Typed ───► *SubmitSM                  ▼
//	           │                                     octets of one PDU
//	Str, Int, Bytes: the fields, read in place
//	Options: the TLVs, each by its type
//	           │
//	Text, UDH, Segment, Receipt: what the message means
//	           │
//	Reassembler: the whole of a message that came in parts
//
// # Two forms
//
// A [PDU] is octets, and where the fields lie in them. Nothing is copied that nobody reads, and decoding does not
// allocate. It borrows the slice that it was decoded from: the PDU, and all that [PDU.Bytes], [PDU.TLVs],
// [PDU.UDH] and [PDU.UserData] return, hold until that slice is written to. [PDU.Clone] keeps one.
//
// Each command is a struct too ([SubmitSM], [DeliverSMResp]), with the fields by their names in the
// specification; it owns what it holds. [PDU.Typed] gives the struct of a PDU, [Make] the PDU of a struct, and
// [Typed] is what they have in common. A command that is not defined is an [Unknown], its body kept.
//
// A [Builder] sets fields by number, for programs that learn at run time which ones (a script's table).
//
// # Optional parameters
//
// [TLVs] keeps them in their order, repeated, vendors' and unknown ones too. Each that is defined has a method
// to read and one to add it, in the type of its value ([TLVs.UserMessageReference], [TLVs.AddCallbackNum]);
// [TLVs.Get], [TLVs.Values] and [TLVs.Add] take any tag and octets.
//
// # What is forgiven, and what is refused
//
// Decoding forgives what real peers do wrong and can be understood: each pardon is one of the [Warnings] and has
// a stable code. A body that cannot be understood is a [*DecodeError] with the status to answer with. Building is
// strict: what breaks a limit is a [*FieldError] that names the field and the limit; a peer that is known to take
// greater lengths can be sent them ([PDU.RelaxedErr], AppendRelaxed of [Typed]). It refuses all that decoding has a
// warning for, except an error response without a body, which may be ([EmptyBody]). So decode(encode(x)) is x, and
// encode(decode(b)), strictly, is b for all b that were read without a warning.
//
// Reserved values are passed both ways in silence where networks and vendors extend them: those of TON and NPI, esm_class,
// registered_delivery, data_coding, octets of C-octet strings beyond ASCII, which some networks' service types, addresses and passwords have, and the TLVs with named values, such as privacy_indicator, whose name is then the number. Refused, and flagged, are those of priority_flag and
// replace_if_present_flag, of TLVs that are numbers with limits ([TagSpec].Lo and Hi), and what is no time in broadcast_end_time and
// no digits in source_node_id and dest_node_id, a digit mode of callback_num that is not defined, or digits that are not of it. A network_id
// without its node_id (5.0 §4.8.4.56) is as a mandatory TLV that is missing. SAR TLVs that are not all there are to be ignored (SMPP 3.4 §5.3.2.22), and are.
//
// # Text, messages in parts, receipts, times
//
// [SplitText] chooses the alphabet and cuts a text into parts, [Message.Set] puts one into a PDU, [PDU.TextAs] reads a
// part, and a [Reassembler] joins them. [PDU.Receipt] reads a delivery receipt and [SameID] compares its id with that of
// the submit_sm_resp. [ParseTime] reads validity_period and its like.
//
// Commands, fields, TLVs, status codes and enumerations are generated from a description of the protocol
// (internal/gen/smpp-spec.json), so that no identifier was typed by hand.
package pdu

//go:generate go run ./internal/gen
