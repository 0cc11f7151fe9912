package host

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"unicode"
)

// Step is what a new configuration means for one bind, or with the signs ! and * for the host itself.
type Step struct {
	Sign string   `json:"sign"` // + started, ~ restarted, - drained, = kept; of the host: ! not before it is started again, * from now on
	Name string   `json:"name"`
	Keys []string `json:"keys,omitempty"` // that differ
	Why  string   `json:"why,omitempty"`  // it drains, where the configuration does not name it: a script has started it
}

// String is the step as people read it.
func (s Step) String() string {
	keys := strings.Join(s.Keys, ", ")
	switch s.Sign {
	case "+":
		return "+ " + s.Name + " started"
	case "-":
		if s.Why != "" {
			return "- " + s.Name + " drained, since " + s.Why
		}
		return "- " + s.Name + " drained"
	case "~":
		return fmt.Sprintf("~ %s restarted because of %s", s.Name, keys)
	case "!":
		return fmt.Sprintf("! %s takes effect when the host is started again", s.Name)
	case "*":
		return fmt.Sprintf("* %s is another from now on", s.Name)
	}
	if len(s.Keys) > 0 {
		return fmt.Sprintf("= %s kept, with another %s", s.Name, keys)
	}
	return "= " + s.Name + " kept"
}

// Plan is the difference that a new configuration makes, the host first, then by bind.
type Plan []Step

// Changes reports whether the plan does anything.
func (p Plan) Changes() bool {
	return slices.ContainsFunc(p, func(s Step) bool { return s.Sign != "=" || len(s.Keys) > 0 })
}

// String is the plan, a line each.
func (p Plan) String() string {
	lines := make([]string, len(p))
	for i, s := range p {
		lines[i] = s.String()
	}
	return strings.Join(lines, "\n")
}

// fieldKeys are the keys of fields that are not their names in small letters.
var fieldKeys = map[string]string{"NoAutoReply": "auto_reply", "KeepAlive": "keepalive", "DataCoding0": "data_coding_0", "Mailbox": "limits", "Backlog": "limits", "RelaxedLengths": "strict_lengths"}

// Keys that a bind takes over without a restart: they are not the session's, or those that it can change
// while it runs ([esme.Machine.Tune]).
var inPlace = []string{"labels", "reload", "rollout",
	"window", "queue", "tps", "retry_throttled", "enquire_link_limit", "enquire_link_resp_limit", "inactivity_limit", "response_limit", "stalled_limit", "unbind_limit"}

// diffConfigs says what it takes to go from a host that runs a to one that runs b. Nothing is done.
func diffConfigs(a, b *Config) Plan {
	var plan Plan
	for _, key := range []struct {
		sign, name string
		same       bool
	}{
		{"!", "admin", reflect.DeepEqual(a.Admin, b.Admin)},
		{"!", "data_dir", a.DataDir == b.DataDir},
		{"!", "log", a.Log == b.Log},
		{"*", "scripts", a.Scripts == b.Scripts},
		{"*", "shutdown_limit", a.ShutdownLimit == b.ShutdownLimit},
		{"*", "watch", a.Watch == b.Watch},
	} {
		if !key.same {
			plan = append(plan, Step{Sign: key.sign, Name: key.name})
		}
	}
	had, has := bindsByName(a), bindsByName(b)
	names := slices.AppendSeq(slices.Collect(maps.Keys(had)), maps.Keys(has))
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		old, before := had[name]
		new, after := has[name]
		s := Step{Sign: "=", Name: name}
		switch {
		case !before:
			s.Sign = "+"
		case !after:
			s.Sign = "-"
		default:
			s.Keys = differingKeys(reflect.ValueOf(old), reflect.ValueOf(new))
			if slices.ContainsFunc(s.Keys, func(k string) bool { return !slices.Contains(inPlace, k) }) {
				s.Sign = "~"
			}
		}
		plan = append(plan, s)
	}
	return plan
}

func bindsByName(c *Config) map[string]BindConfig {
	m := map[string]BindConfig{}
	for _, b := range c.Binds {
		m[b.Name] = b
	}
	return m
}

// differingKeys names the keys of the configuration by which two binds differ. A struct of the library is looked
// into; what is written as one key is one.
func differingKeys(a, b reflect.Value) []string {
	var keys []string
	for i := range a.NumField() {
		f := a.Type().Field(i)
		switch x, y := a.Field(i), b.Field(i); {
		case reflect.DeepEqual(x.Interface(), y.Interface()):
		case f.Name == "ESME":
			keys = append(keys, differingKeys(x, y)...)
		default:
			keys = append(keys, cmp.Or(fieldKeys[f.Name], snake(f.Name)))
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// snake is a Go name as the configuration writes it: SystemID is system_id.
func snake(name string) string {
	var b strings.Builder
	runes := []rune(name)
	for i, r := range runes {
		begins := unicode.IsUpper(r) && i > 0 && (unicode.IsLower(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1]))
		if begins {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
