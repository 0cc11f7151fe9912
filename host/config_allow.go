package host

import (
	"fmt"
	"io/fs"
	"maps"
	"net"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/esmehost/esmehost/diag"
)

// maxSecret bounds a secret's file, in octets.
const maxSecret = 64 << 10

// secrets reads what scripts may be given as config.secret: a text, or {file: path}.
func (r *reader) secrets(n *node, dir string) map[string]string {
	all := map[string]string{}
	if !r.entries(n, "secrets") {
		return all
	}
	for _, name := range n.order {
		at := n.fields[name]
		if text, ok := r.scalar(at); ok {
			if text == "" {
				r.fail(at, "the secret is empty", "is its variable set?")
			}
			all[name] = text
			continue
		}
		r.mapping(at, "the secret "+name, keys{"file": func(f *node) { all[name] = r.secretFile(f, dir) }})
		if _, ok := all[name]; !ok && at.fields != nil {
			r.fail(at, "the secret has no text", "write a text, or {file: path}")
		}
	}
	return all
}

func (r *reader) secretFile(n *node, dir string) string {
	file := r.path(n, dir)
	st, err := os.Stat(file)
	switch {
	case err != nil:
		r.fail(n, fmt.Sprintf("cannot read %s: %s", file, pathReason(err)), "")
		return ""
	case !st.Mode().IsRegular() || st.Size() > maxSecret:
		r.fail(n, fmt.Sprintf("%s is no plain file of at most %d octets", file, maxSecret), "")
		return ""
	}
	src, err := r.readFile(file)
	if err != nil {
		r.fail(n, fmt.Sprintf("cannot read %s: %s", file, pathReason(err)), "")
	}
	return strings.TrimRight(string(src), "\r\n")
}

// allow reads what the bind's scripts may reach outside of their bind.
func (b *bindReader) allow(n *node) {
	a := &b.Allow
	b.mapping(n, "allow", keys{
		"binds":       func(n *node) { a.Binds = b.patterns(n) },
		"start_binds": func(n *node) { a.StartBinds = b.boolean(n) },
		"http":        func(n *node) { a.HTTP = b.hosts(n) },
		"secrets":     func(n *node) { a.Secrets = b.named(n) },
		"files":       func(n *node) { a.Files, a.Root = b.files(n), b.root },
	})
}

func (b *bindReader) patterns(n *node) []string {
	var all []string
	for _, v := range b.list(n) {
		p := b.str(v)
		if _, err := path.Match(p, ""); err != nil {
			b.fail(v, fmt.Sprintf("'%s' is no pattern", p), "use names, and * for any characters")
		}
		all = append(all, p)
	}
	return all
}

var webHost = regexp.MustCompile(`^(\*\.)?[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$`)

func (b *bindReader) hosts(n *node) []string {
	var all []string
	for _, v := range b.list(n) {
		entry := b.str(v)
		host, port, err := net.SplitHostPort(entry)
		if err != nil {
			host, port = strings.Trim(entry, "[]"), "443"
		}
		if _, err := net.LookupPort("tcp", port); err != nil || !webHost.MatchString(host) && net.ParseIP(host) == nil {
			b.fail(v, fmt.Sprintf("'%s' is no host", entry), "write api.example.com, api.example.com:8443 or *.example.com, without https:// and path")
			continue
		}
		all = append(all, entry)
	}
	return all
}

// named picks the secrets that the bind may use.
func (b *bindReader) named(n *node) map[string]string {
	picked := map[string]string{}
	for _, v := range b.list(n) {
		name := b.str(v)
		text, ok := b.known[name]
		if !ok {
			remedy := "define it under 'secrets:' at the top level"
			if near := diag.Near(name, slices.Collect(maps.Keys(b.known))); near != "" {
				remedy = fmt.Sprintf("did you mean '%s'?", near)
			}
			b.fail(v, fmt.Sprintf("there is no secret '%s'", name), remedy)
			continue
		}
		picked[name] = text
	}
	return picked
}

func (b *bindReader) files(n *node) []string {
	var all []string
	for _, v := range b.list(n) {
		p := filepath.ToSlash(b.str(v))
		if _, err := path.Match(p, ""); err != nil || !fs.ValidPath(p) {
			b.fail(v, fmt.Sprintf("'%s' is no path below the script root", p), fmt.Sprintf("the script root is %s; write data/routes.json, data/*.json or data/**", b.root))
			continue
		}
		all = append(all, p)
	}
	return all
}
