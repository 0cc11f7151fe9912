package luabind

import (
	"path"
	"strings"
)

// Allow is what a bind's scripts may reach outside of their own bind. The zero value allows nothing.
type Allow struct {
	Binds      []string          // names, or patterns with *, of other binds
	StartBinds bool              // esme.start_link
	HTTP       []string          // hosts: example.com, *.example.com, example.com:8443, 127.0.0.1:8080
	Secrets    map[string]string // config.secret: value by name
	Files      []string          // config.file: paths, or patterns with *, below Root
	Root       string            // folder of the files
}

// mayReach reports whether scripts of the bind may reach the other one.
func (b *Bind) mayReach(name string) bool {
	if name == b.opts.Name || b.hasStarted(name) {
		return true
	}
	return matches(b.opts.Allow.Binds, name)
}

// matches reports whether name is one of the patterns. A * stands for anything but a slash.
func matches(patterns []string, name string) bool {
	for _, p := range patterns {
		if ok, err := path.Match(p, name); err == nil && ok || p == name || p == "*" {
			return true
		}
		if strings.HasSuffix(p, "/**") && strings.HasPrefix(name, strings.TrimSuffix(p, "**")) {
			return true
		}
	}
	return false
}

// started notes a bind that a script of this one started: it may reach it.
func (b *Bind) started(name string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.links == nil {
		b.links = map[string]bool{}
	}
	b.links[name] = true
}

func (b *Bind) hasStarted(name string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.links[name]
}
