package host

import (
	"cmp"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"github.com/esmehost/esmehost/diag"
	"github.com/esmehost/esmehost/esme"
	"github.com/esmehost/esmehost/luabind/vm"
	"github.com/esmehost/esmehost/pdu"
)

var bindName = regexp.MustCompile(`^[A-Za-z0-9_.-]+$`)

// binds reads the binds, each over a copy of the defaults.
func (r *reader) binds(n, defaults *node, c *Config) {
	if !r.entries(n, "binds") {
		return
	}
	if len(n.order) == 0 {
		r.fail(n, "no binds are configured", "")
	}
	base := newBindReader(r, c)
	ports := sourcePorts{}
	if defaults != nil {
		r.mapping(defaults, "defaults", base.keys())
	}
	for _, name := range n.order {
		b := base
		at := n.fields[name]
		if !bindName.MatchString(name) {
			r.fail(at, fmt.Sprintf("'%s' is no name for a bind", name), "use letters, digits and . _ -")
		}
		r.mapping(at, "the bind "+name, b.keys())
		b.complete(name, at)
		ports.take(&b, name, at)
		place := diag.Diagnostic{File: r.file, Message: "the script of the bind " + name}
		script := at.find("script") // or the bind, where the defaults name it
		if script.Node != nil && script.GetToken() != nil {
			p := script.GetToken().Position
			place.Line, place.Column = p.Line, p.Column
		}
		for i := range b.sessions {
			b.Name = name
			if b.sessions > 1 {
				b.Name = fmt.Sprintf("%s/%d", name, i+1)
			}
			c.Binds = append(c.Binds, b.BindConfig)
			c.places[b.Name] = place
		}
	}
}

// What a refusal by one bind means for the others of its script.
const (
	reloadTogether = "together" // all take new code, or none does
	reloadEach     = "each"     // each for itself
)

// bindReader reads one bind.
type bindReader struct {
	*reader
	BindConfig
	root     string
	known    map[string]string // secrets by name
	missing  map[string]diag.Diagnostic
	sessions int
	tooLong  []tooLong
	said     map[*node]bool // of them: those of the defaults are every bind's

	transport string // tcp or tls; empty: as the addresses say
	outbound  bool   // the bind connects; mode outbind waits to be connected

	outbindMode esme.Mode
}

func newBindReader(r *reader, c *Config) bindReader {
	return bindReader{reader: r, root: c.Scripts, known: c.secrets, missing: c.missing, sessions: 1, said: map[*node]bool{}, outbound: true,
		outbindMode: esme.Receiver, BindConfig: BindConfig{OnError: "continue", Restart: "permanent", Reload: reloadTogether,
			ErrorIntensity: Intensity{Count: 20, Within: 10 * time.Second}}}
}

func (b *bindReader) complete(name string, at *node) {
	if at.fields == nil {
		return // it is no mapping, and that was said
	}
	for _, t := range b.tooLong {
		if !b.ESME.RelaxedLengths && !b.said[t.at] {
			b.said[t.at] = true
			b.fail(t.at, t.message, "strict_lengths: false sends it all the same, if the SMSC takes it")
		}
	}
	missing := func(key, remedy string) { b.fail(at, fmt.Sprintf("the bind has no '%s'", key), remedy) }
	b.connection(at, missing)
	if b.Script == "" {
		missing("script", "for instance script: echo.lua")
	}
	if b.ESME.SystemID == "" && b.ESME.Mode != esme.Manual {
		missing("system_id", "the account's name at the SMSC, or mode: manual where the script binds")
	}
}

func (b *bindReader) keys() keys {
	e := &b.ESME
	limit := func(d *time.Duration) func(*node) { return func(n *node) { *d = b.limit(n) } }
	octet := func(v *uint8) func(*node) { return func(n *node) { *v = uint8(b.number(n, 0, 255)) } }
	return keys{
		"smsc":                    b.smsc,
		"mode":                    b.mode,
		"system_id":               func(n *node) { e.SystemID = b.upTo(n, 15) },
		"password":                func(n *node) { e.Password = b.upTo(n, 8) },
		"password_file":           b.passwordFile,
		"system_type":             func(n *node) { e.SystemType = b.upTo(n, 12) },
		"address_range":           func(n *node) { e.AddressRange = b.upTo(n, 40) },
		"interface_version":       octet(&e.InterfaceVersion),
		"addr_ton":                octet(&e.AddrTON),
		"addr_npi":                octet(&e.AddrNPI),
		"script":                  b.script,
		"args":                    b.args,
		"sessions":                func(n *node) { b.sessions = int(b.number(n, 1, 10_000)) },
		"window":                  func(n *node) { e.Window = b.count(n) },
		"queue":                   func(n *node) { e.Queue = b.count(n) },
		"tps":                     b.tps,
		"transport":               b.asTransport,
		"timeout":                 limit(&e.Timeout),
		"timer_resolution":        func(n *node) { b.duration(n) }, // timers here are never late by more than a few milliseconds
		"session_init_limit":      limit(&e.SessionInitLimit),
		"enquire_link_limit":      limit(&e.EnquireLinkLimit),
		"enquire_link_resp_limit": limit(&e.EnquireLinkRespLimit),
		"inactivity_limit":        limit(&e.InactivityLimit),
		"response_limit":          limit(&e.ResponseLimit),
		"unbind_limit":            limit(&e.UnbindLimit),
		"max_pdu_size":            func(n *node) { e.MaxPDUSize = int(b.number(n, 16, 64<<20)) },
		"auto_reply":              func(n *node) { e.NoAutoReply = b.oneOf(n, "ok", "none") == "none" },
		"automatic":               b.automatic,
		"show_automatic":          func(n *node) { e.ShowAutomatic = b.boolean(n) },
		"on_error":                func(n *node) { b.OnError = b.oneOf(n, "continue", "crash") },
		"error_intensity":         b.errorIntensity,
		"restart":                 func(n *node) { b.Restart = b.oneOf(n, "permanent", "transient", "temporary") },
		"limits":                  b.limits,
		"allow":                   b.allow,
		"tls":                     b.tls,
		"source_address":          b.sourceAddress,
		"keepalive":               func(n *node) { e.KeepAlive = b.limit(n) },
		"backoff":                 b.backoff,
		"listen":                  b.listen,
		"outbind":                 b.outbind,
		"stalled_limit":           limit(&e.StalledLimit),
		"retry_throttled":         func(n *node) { e.RetryThrottled = int(b.number(n, 0, 1000)) },
		"strict_lengths":          func(n *node) { e.RelaxedLengths = !b.boolean(n) },
		"data_coding_0":           b.dataCoding0,
		"labels":                  b.labels,
		"rollout":                 b.rollout,
		"reload":                  func(n *node) { b.Reload = b.oneOf(n, reloadTogether, reloadEach) },
	}
}

func (b *bindReader) mode(n *node) {
	word := b.oneOf(n, "transmitter", "receiver", "transceiver", "manual", "outbind")
	b.outbound = word != "outbind"
	b.ESME.Mode = map[string]esme.Mode{"transmitter": esme.Transmitter, "receiver": esme.Receiver, "manual": esme.Manual}[word]
}

// dataCoding0 reads one alphabet for both directions, or one for each.
func (b *bindReader) dataCoding0(n *node) {
	alphabet := func(n *node) pdu.Alphabet {
		a, _ := pdu.AlphabetByName(b.oneOf(n, pdu.GSM.String(), pdu.GSMPacked.String(), pdu.Latin1.String(), pdu.ASCII.String(), pdu.UCS2.String()))
		return a
	}
	if _, ok := b.scalar(n); ok {
		b.DataCoding0.In = alphabet(n)
		b.DataCoding0.Out = b.DataCoding0.In
		return
	}
	b.mapping(n, "data_coding_0", keys{
		"in":  func(n *node) { b.DataCoding0.In = alphabet(n) },
		"out": func(n *node) { b.DataCoding0.Out = alphabet(n) },
	})
}

func (b *bindReader) passwordFile(n *node) {
	file := b.path(n, filepath.Dir(b.file))
	src, err := b.readFile(file)
	if err != nil {
		b.fail(n, fmt.Sprintf("cannot read %s: %s", file, pathReason(err)), "")
		return
	}
	b.ESME.Password = strings.TrimRight(string(src), "\r\n")
	b.limited(n, "the password ", b.ESME.Password, 8)
}

// upTo reads a string of the bind PDU, which SMPP allows to be that long.
func (b *bindReader) upTo(n *node, limit int) string {
	s := b.str(n)
	b.limited(n, "", s, limit)
	return s
}

// limited notes a string that is too long. Whether that is an error, only the whole bind knows: see
// strict_lengths.
func (b *bindReader) limited(n *node, what, s string, limit int) {
	switch {
	case strings.IndexByte(s, 0) >= 0:
		b.fail(n, what+"has a NUL inside", "")
	case len(s) > limit:
		b.tooLong = append(slices.Clip(b.tooLong), tooLong{n, fmt.Sprintf("%shas %d octets, SMPP allows %d", what, len(s), limit)})
	}
}

// tooLong is a string of the bind PDU that is longer than SMPP allows.
type tooLong struct {
	at      *node
	message string
}

func (b *bindReader) script(n *node) {
	b.Script = path.Clean(filepath.ToSlash(b.str(n)))
	if !fs.ValidPath(b.Script) {
		b.fail(n, "must be a path below the script root", fmt.Sprintf("the script root is %s", b.root))
		return
	}
	if st, err := os.Stat(filepath.Join(b.root, b.Script)); err != nil {
		// A host that runs, or ran, may have a good version of it: not for the reader to say.
		b.fail(n, fmt.Sprintf("there is no %s below the script root %s", b.Script, b.root), "")
		b.missing[b.Script] = b.wrong[len(b.wrong)-1]
		b.reader.wrong = b.wrong[:len(b.wrong)-1]
	} else if st.IsDir() {
		b.fail(n, fmt.Sprintf("%s is a folder", b.Script), "name the script in it")
	}
}

// args takes any YAML.
func (b *bindReader) args(n *node) {
	var v any
	if err := yaml.NodeToValue(n.Node, &v); err != nil {
		b.fail(n, "cannot be read: "+err.Error(), "")
		return
	}
	d, err := vm.FromGo(b.expand(n, plain(v)))
	if err != nil {
		b.fail(n, err.Error(), "")
	}
	b.Args = d
}

// plain turns the decoder's mappings into maps by string.
func plain(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			v[k] = plain(x)
		}
		return v
	case map[any]any:
		m := map[string]any{}
		for k, x := range v {
			m[fmt.Sprint(k)] = plain(x)
		}
		return m
	case []any:
		for i, x := range v {
			v[i] = plain(x)
		}
		return v
	case time.Time:
		return v.Format(time.RFC3339)
	case int, int64, uint64, float64, string, bool, nil:
		return v
	}
	return fmt.Sprint(v)
}

// expand replaces variables in the strings of args.
func (b *bindReader) expand(n *node, v any) any {
	switch v := v.(type) {
	case string:
		s, _ := b.scalar(&node{Node: &ast.StringNode{Token: n.GetToken(), Value: v}, key: n.key})
		return s
	case map[string]any:
		for k := range maps.Clone(v) {
			v[k] = b.expand(n, v[k])
		}
	case []any:
		for i := range v {
			v[i] = b.expand(n, v[i])
		}
	}
	return v
}

func (b *bindReader) tps(n *node) {
	if s, _ := b.scalar(n); s == "unlimited" || b.off(n) {
		b.ESME.TPS = 0
		return
	}
	b.ESME.TPS = float64(b.number(n, 1, 1_000_000))
}

func (b *bindReader) automatic(n *node) {
	bits := map[string]esme.Automatic{"bind": esme.AutoBind, "enquire_link": esme.AutoEnquireLink, "ping": esme.AutoPing,
		"unbind": esme.AutoUnbind, "reply": esme.AutoReply, "nack": esme.AutoNack}
	b.ESME.Automatic = 0
	for _, v := range b.list(n) {
		b.ESME.Automatic |= bits[b.oneOf(v, "bind", "enquire_link", "ping", "unbind", "reply", "nack")]
	}
	b.ESME.Automatic = cmp.Or(b.ESME.Automatic, esme.AutoNone)
}

func (b *bindReader) errorIntensity(n *node) {
	if _, ok := b.scalar(n); ok {
		b.ErrorIntensity.Count = b.errorCount(n)
		return
	}
	b.mapping(n, "error_intensity", keys{
		"count":  func(n *node) { b.ErrorIntensity.Count = b.errorCount(n) },
		"within": func(n *node) { b.ErrorIntensity.Within = b.duration(n) },
	})
}

// errorCount is a number of errors; -1 stands for infinity.
func (b *bindReader) errorCount(n *node) int {
	if s, ok := b.scalar(n); ok && s == "infinity" {
		return -1
	}
	return int(b.number(n, 1, math.MaxInt32))
}

// labels reads what commands may choose the bind by.
func (b *bindReader) labels(n *node) {
	b.Labels = map[string]string{}
	if !b.entries(n, "labels") {
		return
	}
	for _, name := range n.order {
		if !bindName.MatchString(name) {
			b.fail(n.fields[name], fmt.Sprintf("'%s' is no name for a label", name), "use letters, digits and . _ -")
		}
		b.Labels[name] = b.str(n.fields[name])
	}
}
