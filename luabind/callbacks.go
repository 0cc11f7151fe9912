package luabind

// callbackDoc says what a callback is for: the reference and the types for editors are written from it.
type callbackDoc struct {
	Params, Types []string // by name, and as editors know them
	Returns       string   // as editors write it
	Fires         string
	Gives         string // what it returns
	Default       string // what happens if the script does not define it
}

var callbackDocs = [numCallbacks]callbackDoc{
	cbInit: {[]string{"args"}, []string{"any"}, "any, string?", "The connection stands (TCP, TLS), before anything else. args are the bind's args in the configuration.",
		"the state; or nil and a reason: the session is closed, and no handle_stop comes", "the state is args"},
	cbHandlePDU: {[]string{"pdu", "state"}, []string{"PDU", "any"}, "any", "A PDU of the peer that is no response.",
		"the state", "a deliver_sm or data_sm is answered ESME_ROK, unless auto_reply is none"},
	cbHandleResp: {[]string{"pdu", "original_pdu", "state"}, []string{"PDU", "PDU", "any"}, "any", "The response to a request that the script sent, or a generic_nack of its number.",
		"the state", "nothing"},
	cbHandleRespTimeout: {[]string{"pdu", "state"}, []string{"PDU", "any"}, "any", "A request had no response within response_limit.", "the state", "a line in the log"},
	cbHandleSendPDUResult: {[]string{"pdu", "err", "state"}, []string{"PDU", "Error?", "any"}, "any", "A PDU that was accepted for sending is written (err is nil) or refused.",
		"the state", "a refusal is logged"},
	cbHandleStop: {[]string{"reason", "lost_pdus", "state"}, []string{"Reason", "PDU[]", "any"}, "string?, any", "The session ends: once, and last. lost_pdus are requests that were sent and have no response, in their order.",
		`an exit reason ("normal" unless given), for the restart policy, and the state`, "lost requests are logged"},
	cbHandleLostPDUs: {[]string{"name", "reason", "pdus"}, []string{"string", "Reason", "PDU[]"}, "nil", "Instead of handle_stop, in a fresh state, when the script itself is what died, or init refused or failed, and requests had no response.",
		"nothing", "lost requests are logged"},
	cbHandleCall: {[]string{"request", "from", "state"}, []string{"any", "From", "any"}, `"reply"|"noreply", any, any`, "Somebody asks, by esme.call or esmehost call, and waits.",
		`"reply", value, state; or "noreply", state, and from:reply(value) later`, `"ok" is replied`},
	cbHandleCast: {[]string{"request", "state"}, []string{"any", "any"}, "any", "Somebody tells, by esme.cast or esmehost cast.", "the state", "nothing"},
	cbHandleInfo: {[]string{"message", "state"}, []string{"any", "any"}, "any", `A message: by esme.send, esme.send_after or a timer; and {event = "bound", mode, peer, session} when the host's bind is accepted.`,
		"the state", "nothing"},
	cbCodeChange: {[]string{"old_version", "state"}, []string{"any", "any"}, "any", "A new version of the script takes over, with a copy of the state. old_version is the field version of the old one.",
		"the state; an error refuses the new version, and the old one goes on", "the state is kept as it is"},
	cbHandleUnparsedPDU: {[]string{"raw", "err", "state"}, []string{"string", "Error", "any"}, "any", "A whole PDU that cannot be decoded. A generic_nack follows in any case.",
		"the state", "a line in the log"},
}
