package esme

// Kind is why a session ended.
type Kind string

// The kinds of stop reasons. Detail of a Reason tells more where there is more.
const (
	KindCustom       Kind = "custom"        // own stop
	KindParseError   Kind = "parse_error"   // framing is lost; detail: what the octets look like
	KindSocketClosed Kind = "socket_closed" // the peer closed (FIN)
	KindSocketError  Kind = "socket_error"  // RST, write failure; detail: the error
	KindTimers       Kind = "timers"        // detail: session_init, enquire_link or inactivity
	KindBindFailed   Kind = "bind_failed"   // detail: the status
	KindUnbound      Kind = "unbound"       // the peer's unbind
	KindShutdown     Kind = "shutdown"      // the host stops
	KindScriptError  Kind = "script_error"  // the handler itself died
	KindScriptBudget Kind = "script_budget" // the handler was ended by a limit
	KindConnect      Kind = "connect"       // no session came about; detail: the error
)

// Reason is why a session ended.
type Reason struct {
	Kind   Kind
	Detail string
}

// String returns "kind: detail", or the kind alone.
func (r Reason) String() string {
	if r.Detail == "" {
		return string(r.Kind)
	}
	return string(r.Kind) + ": " + r.Detail
}

// Crashed reports whether the handler itself was what died.
func (r Reason) Crashed() bool { return r.Kind == KindScriptError || r.Kind == KindScriptBudget }
