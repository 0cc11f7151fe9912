package host

import (
	"regexp"
	"slices"
	"strings"

	"github.com/esmehost/esmehost/diag"
)

// shown is a line of the configuration as errors show it: with stars for the characters of secrets. It goes by the
// text alone, since the file may be no YAML.
func shown(src []byte, line int) string {
	s := diag.SourceLine(src, line)
	if parent, inside := insideSecret(src, line, s); inside {
		from := indentation(s)
		if at := keyStart.FindStringIndex(s); at != nil && isSecrets(parent) { // a name under secrets is none itself
			from = at[1]
		}
		return stars(s, from, len(s))
	}
	at := 0
	for _, m := range anyKey.FindAllStringSubmatchIndex(s, -1) {
		from := m[1]
		if from < at || !isSecret(s[m[2]:m[3]]) || strings.HasPrefix(s[from:], "[") {
			continue
		}
		at = valueEnd(s, from, strings.ContainsAny(s[:m[2]], "{"))
		s = stars(s, from, at)
	}
	return s
}

// keyStart is the key that a line begins with; anyKey is one anywhere, and the space before its value.
var (
	keyStart = regexp.MustCompile(`^[ \t]*(?:- +)*["']?([A-Za-z_][\w-]*)["']?[ \t]*:(?:[ \t]+|$)`)
	anyKey   = regexp.MustCompile(`(?:^|[\s{,"'])([A-Za-z_][\w-]*)["']?[ \t]*:(?:[ \t]+|$)`)
)

// A key that is nearly that of a secret counts as one: a password whose key is mistyped is one all the same.
func isSecret(key string) bool {
	return isSecrets(key) || diag.Near(key, []string{"password", "passwd", "secret", "token"}) != ""
}

func isSecrets(key string) bool { return diag.Near(key, []string{"secrets"}) != "" }

// insideSecret reports whether the line belongs to the value of a secret's key above it, which is the nearest such.
func insideSecret(src []byte, line int, s string) (key string, inside bool) {
	before := strings.Split(string(src), "\n")
	before = before[:min(max(0, line-1), len(before))]
	depth := indentation(s)
	for i, b := range slices.Backward(before) {
		b = strings.TrimRight(b, " \t\r")
		if b == "" || strings.HasPrefix(strings.TrimLeft(b, " \t"), "#") {
			continue
		}
		if keys := anyKey.FindAllStringSubmatchIndex(b, -1); i == len(before)-1 && len(keys) > 0 { // its value is to follow
			if last := keys[len(keys)-1]; last[1] == len(b) && isSecret(b[last[2]:last[3]]) && !isSecrets(b[last[2]:last[3]]) {
				return b[last[2]:last[3]], true
			}
		}
		if n := indentation(b); n < depth {
			depth = n
			if m := keyStart.FindStringSubmatch(b); m != nil && isSecret(m[1]) {
				return m[1], true
			}
		}
	}
	return "", false
}

func indentation(s string) int { return len(s) - len(strings.TrimLeft(s, " \t")) }

// valueEnd is where the value at from ends: in a flow mapping with a comma or brace, else with the line.
func valueEnd(s string, from int, flow bool) int {
	if !flow || strings.HasPrefix(s[from:], "{") {
		return len(s)
	}
	i := from
	if i < len(s) && (s[i] == '"' || s[i] == '\'') {
		quote := s[i]
		for i++; i < len(s); i++ {
			if s[i] == '\\' && quote == '"' {
				i++
			} else if s[i] == quote {
				break
			}
		}
	}
	if i >= len(s) {
		return len(s)
	}
	if end := strings.IndexAny(s[i:], ",}"); end >= 0 {
		return i + end
	}
	return len(s)
}

// aVariable names a secret and does not say it.
var aVariable = regexp.MustCompile(`^["']?\$\{[A-Za-z0-9_]*\}["']?$`)

// stars puts a star in the place of each character from one octet to another, but spaces at the ends.
func stars(s string, from, to int) string {
	value := s[from:to]
	inner := strings.TrimSpace(value)
	if aVariable.MatchString(inner) {
		return s
	}
	lead := indentation(value)
	return s[:from+lead] + strings.Repeat("*", len([]rune(inner))) + s[from+lead+len(inner):]
}
