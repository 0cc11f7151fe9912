package host

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/esmehost/esmehost/diag"
	"github.com/esmehost/esmehost/esme"
)

// reader reads YAML strictly, from its syntax tree: whatever it refuses has a place.
type reader struct {
	file  string
	src   []byte
	env   func(string) (string, bool)
	wrong diag.List
	looks map[string]look // at the files that were read
}

// node is a value with its key's name.
type node struct {
	ast.Node
	key    string
	fields map[string]*node // of a mapping
	order  []string
}

func (n *node) find(key string) *node {
	if f := n.fields[key]; f != nil {
		return f
	}
	return n
}

// keys says what to do with each key that a mapping may have.
type keys map[string]func(n *node)

func (r *reader) fail(n *node, message, remedy string) {
	d := diag.Diagnostic{File: r.file, Message: message, Remedy: remedy}
	if n != nil && n.key != "" {
		d.Message = n.key + ": " + message
	}
	if n != nil && n.Node != nil && n.GetToken() != nil {
		p := n.GetToken().Position
		d.Line, d.Column = p.Line, p.Column
		d.Width = utf8.RuneCountInString(strings.TrimSpace(n.GetToken().Origin))
	}
	r.add(d)
}

func (r *reader) add(d diag.Diagnostic) {
	d.Source = shown(r.src, d.Line)
	if rest := utf8.RuneCountInString(d.Source) - d.Column + 1; d.Width > rest {
		d.Width = max(1, rest)
	}
	r.wrong = append(r.wrong, d)
}

// lineFeeds is the text with all of YAML's line breaks as \n, so that who reads it and who shows it count the same
// lines (YAML 1.2, 5.4).
func lineFeeds(src []byte) []byte {
	return bytes.ReplaceAll(bytes.ReplaceAll(src, []byte("\r\n"), []byte("\n")), []byte("\r"), []byte("\n"))
}

// parse returns the document's mapping.
func (r *reader) parse() (*node, bool) {
	f, err := parser.ParseBytes(r.src, 0)
	if err != nil {
		d := diag.Diagnostic{File: r.file, Message: err.Error()}
		var ye yaml.Error
		if errors.As(err, &ye) {
			d.Message = ye.GetMessage()
			if t := ye.GetToken(); t != nil {
				d.Line, d.Column = t.Position.Line, t.Position.Column
			}
		}
		r.add(d)
		return nil, false
	}
	if len(f.Docs) == 0 || f.Docs[0].Body == nil {
		r.fail(nil, "the configuration is empty", "add 'binds:' with at least one bind")
		return nil, false
	}
	if len(f.Docs) > 1 {
		r.fail(&node{Node: f.Docs[1].Body}, "more than one document in the file", "")
		return nil, false
	}
	return &node{Node: f.Docs[0].Body}, true
}

// entries returns the keys and values of a mapping, each once.
func (r *reader) entries(n *node, what string) bool {
	var values []*ast.MappingValueNode
	switch m := n.Node.(type) {
	case *ast.MappingNode:
		values = m.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{m}
	case *ast.NullNode:
		n.fields = map[string]*node{}
		return true
	default:
		r.fail(n, "must be a mapping of keys to values", "")
		return false
	}
	n.fields = map[string]*node{}
	for _, v := range values {
		at := &node{Node: v.Key}
		t := v.Key.GetToken()
		if t.Value == "<<" {
			r.fail(at, "merge keys are not supported", "put what is common under 'defaults:'")
			continue
		}
		name := t.Value
		if n.fields[name] != nil {
			r.fail(at, fmt.Sprintf("%s has the key '%s' twice", what, name), "")
			continue
		}
		n.fields[name] = &node{Node: v.Value, key: name}
		n.order = append(n.order, name)
	}
	return true
}

// mapping reads n by the keys that it may have.
func (r *reader) mapping(n *node, what string, known keys) {
	if !r.entries(n, what) {
		return
	}
	for _, name := range n.order {
		if read, ok := known[name]; ok {
			read(n.fields[name])
			continue
		}
		r.unknown(n, name, what, slices.Collect(maps.Keys(known)))
	}
}

func (r *reader) unknown(n *node, name, what string, known []string) {
	d := diag.Diagnostic{File: r.file, Message: fmt.Sprintf("unknown key '%s' in %s", name, what), Remedy: diag.DidYouMean(name, known)}
	for _, v := range mappingValues(n.Node) {
		if t := v.Key.GetToken(); t.Value == name {
			d.Line, d.Column, d.Width = t.Position.Line, t.Position.Column, utf8.RuneCountInString(name)
		}
	}
	r.add(d)
}

func mappingValues(n ast.Node) []*ast.MappingValueNode {
	switch m := n.(type) {
	case *ast.MappingNode:
		return m.Values
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{m}
	}
	return nil
}

// later refuses an option that is planned: taking it without doing it would be a lie.
func (r *reader) later(n *node) {
	r.fail(n, "is not supported by this version yet", "take it out")
}

var variable = regexp.MustCompile(`\$\{([^}]*)\}`)

// scalar returns the text of a plain value, with variables replaced.
func (r *reader) scalar(n *node) (string, bool) {
	var text string
	switch v := n.Node.(type) {
	case *ast.StringNode:
		text = v.Value
	case *ast.LiteralNode:
		text = v.Value.Value
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode:
		text = v.GetToken().Value
	default:
		return "", false
	}
	return variable.ReplaceAllStringFunc(text, func(m string) string {
		name := m[2 : len(m)-1]
		v, ok := r.env(name)
		if !ok {
			r.fail(n, fmt.Sprintf("the environment variable %s is not set", name), "")
		}
		return v
	}), true
}

func (r *reader) str(n *node) string {
	s, ok := r.scalar(n)
	if !ok {
		r.fail(n, "must be a string", "")
	}
	return s
}

// text is a string of at most limit octets: SMPP's fields are short.
func (r *reader) text(n *node, limit int) string {
	s := r.str(n)
	if len(s) > limit {
		r.fail(n, fmt.Sprintf("has %d octets, SMPP allows %d", len(s), limit), "")
	}
	return s
}

func (r *reader) path(n *node, dir string) string {
	p := r.str(n)
	if p != "" && !filepath.IsAbs(p) {
		p = filepath.Join(dir, p)
	}
	return p
}

func (r *reader) oneOf(n *node, words ...string) string {
	s, ok := r.scalar(n)
	if b, isBool := n.Node.(*ast.BoolNode); isBool && !b.Value {
		s = "off" // YAML reads a bare off as false
	}
	if !ok || !slices.Contains(words, s) {
		r.fail(n, fmt.Sprintf("must be one of %s", strings.Join(words, ", ")), nearWord(s, words))
	}
	return s
}

func nearWord(s string, words []string) string {
	if n := diag.Near(s, words); n != "" {
		return fmt.Sprintf("did you mean '%s'?", n)
	}
	return ""
}

func (r *reader) boolean(n *node) bool {
	b, ok := n.Node.(*ast.BoolNode)
	if !ok {
		r.fail(n, "must be true or false", "")
		return false
	}
	return b.Value
}

// number reads a number from lo to hi; 1_000 is 1000 and 0x34 is 52.
func (r *reader) number(n *node, lo, hi int64) int64 {
	s, _ := r.scalar(n)
	v, err := strconv.ParseInt(s, 0, 64)
	if err != nil {
		v, err = strconv.ParseInt(strings.ReplaceAll(s, "_", ""), 10, 64)
	}
	if err != nil || v < lo || v > hi {
		want := fmt.Sprintf("must be a whole number from %d to %d", lo, hi)
		if hi == math.MaxInt32 {
			want = fmt.Sprintf("must be a whole number, at least %d", lo)
		}
		r.fail(n, want, "")
		return lo
	}
	return v
}

// count reads a limit on a number; 0 and infinity switch it off.
func (r *reader) count(n *node) int {
	if r.off(n) {
		return esme.Unlimited
	}
	return int(r.number(n, 0, math.MaxInt32))
}

func (r *reader) off(n *node) bool {
	s, _ := r.scalar(n)
	return s == "0" || s == "infinity"
}

const durationRemedy = `write seconds, or "250ms", "5s", "2m", "1h"`

func (r *reader) duration(n *node) time.Duration {
	s, ok := r.scalar(n)
	if f, err := strconv.ParseFloat(s, 64); err == nil && f >= 0 && f < 1e9 {
		return time.Duration(f * float64(time.Second))
	}
	d, err := time.ParseDuration(s)
	if !ok || err != nil || d < 0 {
		r.fail(n, fmt.Sprintf("'%s' is no duration", s), durationRemedy)
	}
	return d
}

// limit reads a duration that 0 or infinity switches off.
func (r *reader) limit(n *node) time.Duration {
	if r.off(n) {
		return esme.Infinity
	}
	return r.duration(n)
}

// list reads one value or a list of them.
func (r *reader) list(n *node) []*node {
	s, ok := n.Node.(*ast.SequenceNode)
	if !ok {
		return []*node{n}
	}
	var all []*node
	for _, v := range s.Values {
		all = append(all, &node{Node: v, key: n.key})
	}
	return all
}
