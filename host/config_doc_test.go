package host

import (
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/esmehost/esmehost/luabind/vm"
)

// documented is a row of docs/configuration.md.
type documented struct{ otherwise, change string }

var configRow = regexp.MustCompile("(?m)^\\| `([a-z_0-9.]+)` \\|(.*)\\|(.*)\\|(.*)\\|(.*)\\|$")

func documentedKeys(t *testing.T) map[string]documented {
	t.Helper()
	src, err := os.ReadFile("../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]documented{}
	for _, m := range configRow.FindAllStringSubmatch(string(src), -1) {
		if _, twice := all[m[1]]; twice {
			t.Errorf("%s is documented twice", m[1])
		}
		all[m[1]] = documented{otherwise: strings.TrimSpace(m[3]), change: strings.TrimSpace(m[5])}
	}
	return all
}

// keysBelow asks the reader which keys a mapping may have, by one that none has.
func keysBelow(t *testing.T, yaml string) []string {
	t.Helper()
	_, wrong := parseConfig(filepath.Join(t.TempDir(), "esmehost.yaml"), []byte(strings.ReplaceAll(yaml, "HERE", "{ zzzzzzzz: 1 }")), os.LookupEnv)
	for _, d := range wrong {
		if known, ok := strings.CutPrefix(d.Remedy, "known are: "); ok && strings.HasPrefix(d.Message, "unknown key 'zzzzzzzz'") {
			return strings.Split(known, ", ")
		}
		if strings.Contains(d.Message, "is not supported by this version yet") {
			return []string{"later"}
		}
	}
	return nil
}

// Each key that the configuration may have is documented, and none that it may not have.
func TestEachKeyIsDocumented(t *testing.T) {
	docs := documentedKeys(t)
	known := map[string]bool{}
	var bindKeys []string
	for _, key := range keysBelow(t, "HERE") {
		below := keysBelow(t, key+": HERE\nbinds: { b: {} }")
		if key == "binds" {
			below = nil
		}
		switch {
		case slices.Contains(below, "later"):
			continue
		case key == "defaults":
			bindKeys = below
			below = nil
		}
		known[key] = below == nil
		for _, k := range below {
			known[key+"."+k] = true
		}
	}
	for _, key := range bindKeys {
		known[key] = true
		for _, k := range keysBelow(t, "defaults: { "+key+": HERE }\nbinds: { b: {} }") {
			known[key+"."+k] = true
		}
	}
	if len(bindKeys) < 40 || len(known) < 90 {
		t.Fatalf("only %d keys were found: %v", len(known), slices.Sorted(maps.Keys(known)))
	}
	for key, alone := range known {
		if _, ok := docs[key]; !ok && alone {
			t.Errorf("docs/configuration.md has no row for '%s'", key)
		}
	}
	for key := range docs {
		if _, ok := known[key]; !ok {
			t.Errorf("docs/configuration.md has a row for '%s', which is no key", key)
		}
	}
	for _, key := range bindKeys {
		for k, row := range docs {
			if top, _, _ := strings.Cut(k, "."); top != key || key == "sessions" || key == "timer_resolution" {
				continue
			}
			want := "restart"
			if slices.Contains(inPlace, key) {
				want = "at once"
			}
			if row.change != want {
				t.Errorf("docs/configuration.md says of a change of '%s': %s, not %s", k, row.change, want)
			}
		}
	}
}

// Each default that stands in the documentation is a value that the key may have; of the limits, it is the default.
func TestDocumentedDefaults(t *testing.T) {
	docs := documentedKeys(t)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "s.lua"), []byte("return { init = print }"), 0o644); err != nil {
		t.Fatal(err)
	}
	bind := func(extra string) (BindConfig, string) {
		c, wrong := ParseConfig(filepath.Join(dir, "esmehost.yaml"), []byte(`binds: { b: { smsc: "h:1", system_id: b, script: s.lua`+extra+` } }`), os.LookupEnv)
		if len(wrong) > 0 {
			return BindConfig{}, wrong.Error()
		}
		return c.Binds[0], ""
	}
	plain, _ := bind("")
	tried := 0
	for _, key := range keysBelow(t, "defaults: HERE\nbinds: { b: {} }") {
		for k, row := range docs {
			top, below, nested := strings.Cut(k, ".")
			value, ok := strings.CutPrefix(row.otherwise, "`")
			if top != key || !ok || key == "outbind" || key == "tls" { // those are refused without the rest of theirs
				continue
			}
			tried++
			value = strings.TrimSuffix(value, "`")
			if nested {
				value = "{ " + below + ": " + value + " }"
			}
			c, wrong := bind(", " + top + ": " + value)
			if wrong != "" {
				t.Errorf("the default of %s that is documented cannot be set: %s", k, wrong)
			}
			if got, want := c.Limits.WithDefaults(), (vm.Limits{}).WithDefaults(); !reflect.DeepEqual(got, want) {
				t.Errorf("%s: %s is not the default: %+v, not %+v", k, value, got, want)
			}
			if c.Restart != plain.Restart || c.OnError != plain.OnError || c.Reload != plain.Reload || c.ErrorIntensity != plain.ErrorIntensity || c.ESME.Mode != plain.ESME.Mode {
				t.Errorf("%s: %s is not the default", k, value)
			}
		}
	}
	if tried < 40 {
		t.Errorf("only %d defaults were tried", tried)
	}
}
