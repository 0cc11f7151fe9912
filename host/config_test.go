package host

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/esmehost/esmehost/esme"
	"github.com/esmehost/esmehost/luabind"
	"github.com/esmehost/esmehost/luabind/vm"
	"github.com/esmehost/esmehost/pdu"
)

func testEnv(name string) (string, bool) {
	if name == "ACME_PASSWORD" {
		return "secret", true
	}
	return "", false
}

func parseText(t *testing.T, text string) (*Config, string) {
	t.Helper()
	dir := t.TempDir()
	for name, src := range map[string]string{"echo.lua": "return {}", "pw": "filepw\n", "sub/x.lua": "return {}"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(src), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	c, wrong := ParseConfig(filepath.Join(dir, "esmehost.yaml"), []byte(text), testEnv)
	var b strings.Builder
	wrong.Print(&b)
	return c, strings.ReplaceAll(b.String(), dir, "DIR")
}

func TestConfig(t *testing.T) {
	c, wrong := parseText(t, `
scripts: .
admin: { listen: 127.0.0.1:8775, socket: ./a.sock }
watch: off
log: { format: json, level: debug }
secrets: { key: "${ACME_PASSWORD}", token: { file: pw }, unused: x }
shutdown_limit: 10s
defaults: { window: 50, response_limit: 30s, restart: transient }
binds:
  acme:
    smsc: [smpp://smsc1.example:3550, smsc2.example:3550]
    mode: transmitter
    system_id: acme
    password: ${ACME_PASSWORD}
    script: echo.lua
    args: { greeting: "> ${ACME_PASSWORD}", list: [1, 2.5, true], none: null }
    sessions: 2
    tps: 100
    queue: infinity
    enquire_link_limit: 0
    stalled_limit: 90s
    retry_throttled: 5
    unbind_limit: 250ms
    limits: { instructions: 1_000_000, time: 50ms, memory: 32MiB, log_rate: 0, tasks: 7, init_time: infinity }
    allow: { binds: [other, "x-*"], start_binds: true, http: [api.example.com, "*.example.org", "127.0.0.1:8080"], secrets: [key, token], files: [data/*.json] }
    automatic: [enquire_link, unbind]
    error_intensity: { count: 3, within: 1m }
  other: { smsc: "127.0.0.1:1", mode: manual, script: sub/x.lua, window: 1, automatic: [], auto_reply: none, interface_version: 0x33, password_file: pw }
`)
	if wrong != "" {
		t.Fatal(wrong)
	}
	acme := BindConfig{Name: "acme/1", SMSC: []string{"smsc1.example:3550", "smsc2.example:3550"}, Script: "echo.lua",
		Args: &vm.Table{Hash: map[vm.Data]vm.Data{"greeting": "> secret", "list": &vm.Table{Array: []vm.Data{1.0, 2.5, true}}}},
		ESME: esme.Config{Mode: esme.Transmitter, SystemID: "acme", Password: "secret", Window: 50, Queue: esme.Unlimited, TPS: 100,
			ResponseLimit: 30 * time.Second, EnquireLinkLimit: esme.Infinity, StalledLimit: 90 * time.Second, RetryThrottled: 5, UnbindLimit: 250 * time.Millisecond, Automatic: esme.AutoEnquireLink | esme.AutoUnbind},
		OnError: "continue", ErrorIntensity: Intensity{3, time.Minute}, Restart: "transient",
		Limits: vm.Limits{Instructions: 1_000_000, Time: 50 * time.Millisecond, Memory: 32 << 20, LogRate: vm.Unlimited, Tasks: 7, InitTime: vm.Unlimited},
		Allow: luabind.Allow{Binds: []string{"other", "x-*"}, StartBinds: true, HTTP: []string{"api.example.com", "*.example.org", "127.0.0.1:8080"},
			Secrets: map[string]string{"key": "secret", "token": "filepw"}, Files: []string{"data/*.json"}, Root: c.Scripts}, Reload: "together"}
	acme2 := acme
	acme2.Name = "acme/2"
	other := BindConfig{Name: "other", SMSC: []string{"127.0.0.1:1"}, Script: "sub/x.lua",
		ESME:    esme.Config{Mode: esme.Manual, Password: "filepw", InterfaceVersion: 0x33, Window: 1, ResponseLimit: 30 * time.Second, Automatic: esme.AutoNone, NoAutoReply: true},
		OnError: "continue", ErrorIntensity: Intensity{20, 10 * time.Second}, Restart: "transient", Reload: "together"}
	if d := cmp.Diff([]BindConfig{acme, acme2, other}, c.Binds); d != "" {
		t.Error(d)
	}
	if c.Watch != "off" || c.Log != (Log{"json", "debug"}) || c.ShutdownLimit != 10*time.Second || c.Admin.Listen != "127.0.0.1:8775" || filepath.Base(c.Admin.Socket) != "a.sock" {
		t.Errorf("%+v", c)
	}
}

// An account whose names are longer than SMPP allows can be used where it is said that this is meant.
func TestConfigOfLongNames(t *testing.T) {
	c, wrong := parseText(t, `
binds: { a: { smsc: "a:1", script: echo.lua, system_id: a-system-id-of-21-oct, password: twelve-chars, strict_lengths: false } }
`)
	if c == nil || !c.Binds[0].ESME.RelaxedLengths || c.Binds[0].ESME.SystemID != "a-system-id-of-21-oct" || c.Binds[0].ESME.Password != "twelve-chars" {
		t.Errorf("%+v %s", c, wrong)
	}
	// Said once, though each of the binds has it of the defaults.
	_, wrong = parseText(t, `
defaults: { password: twelve-chars, smsc: "a:1", script: echo.lua, system_id: a }
binds: { a: {}, b: {}, c: { strict_lengths: false } }
`)
	if n := strings.Count(wrong, "has 12 octets, SMPP allows 8"); n != 1 {
		t.Errorf("said %d times: %s", n, wrong)
	}
}

// What data_coding 0 means, in both directions or in each.
// How many errors a session survives may be left open, as other limits may.
func TestConfigOfErrorIntensity(t *testing.T) {
	for text, want := range map[string]int{"7": 7, "infinity": -1, "{ count: infinity, within: 1m }": -1, "{ count: 3 }": 3} {
		c, wrong := parseText(t, `{ binds: { a: { smsc: "h:1", system_id: a, script: echo.lua, error_intensity: `+text+` } } }`)
		if wrong != "" {
			t.Fatal(wrong)
		}
		if got := c.Binds[0].ErrorIntensity.Count; got != want {
			t.Errorf("%s: %d", text, got)
		}
	}
	if _, wrong := parseText(t, `{ binds: { a: { smsc: "h:1", system_id: a, script: echo.lua, error_intensity: 0 } } }`); !strings.Contains(wrong, "error_intensity") {
		t.Error(wrong)
	}
}

func TestConfigOfDataCoding0(t *testing.T) {
	c, wrong := parseText(t, `
defaults: { smsc: "a:1", script: echo.lua, system_id: a, data_coding_0: latin1 }
binds: { a: {}, b: { data_coding_0: { in: ascii } }, c: { data_coding_0: { in: gsm, out: gsm_packed } } }
`)
	if c == nil {
		t.Fatal(wrong)
	}
	for i, want := range []luabind.DataCoding0{{In: pdu.Latin1, Out: pdu.Latin1}, {In: pdu.ASCII, Out: pdu.Latin1}, {In: pdu.GSM, Out: pdu.GSMPacked}} {
		if got := c.Binds[i].DataCoding0; got != want {
			t.Errorf("%s: %+v", c.Binds[i].Name, got)
		}
	}
	_, wrong = parseText(t, `
binds: { a: { smsc: "a:1", script: echo.lua, system_id: a, data_coding_0: { in: latin-1 } } }
`)
	if !strings.Contains(wrong, "must be one of gsm, gsm_packed, latin1, ascii, ucs2") || !strings.Contains(wrong, "did you mean 'latin1'?") {
		t.Error(wrong)
	}
}

// What a bind says of its connection.
func TestConfigOfConnections(t *testing.T) {
	c, wrong := parseText(t, `
defaults: { script: echo.lua, system_id: a, tls: { server_name: smsc, min_version: 1.3, insecure: true }, smsc: ["smpp://a:1", "smpps://b:2"] }
binds:
  both: { keepalive: 1m, source_address: 127.0.0.2, backoff: { min: 2s, max: 5m, already_bound: 30s, good: 1m } }
  plain: { smsc: "c:3", keepalive: 0 }
  tls: { transport: tls }
  waits: { mode: outbind, listen: ":3550", outbind: { bind: transceiver, system_id: smsc }, tls: null }
  knows: { mode: outbind, listen: ":3551", outbind: { from: [192.0.2.10, "2001:db8::/32", "::ffff:192.0.2.11", "::ffff:198.51.100.0/120"] }, tls: null }
`)
	if c == nil {
		t.Fatal(wrong)
	}
	if b, _ := c.Bind("knows"); fmt.Sprint(b.Outbind.From) != "[192.0.2.10/32 2001:db8::/32 192.0.2.11/32 198.51.100.0/24]" {
		t.Errorf("awaited from %v", b.Outbind.From)
	}
	secure := &esme.TLS{ServerName: "smsc", MinVersion: 0x0304, Insecure: true}
	for _, want := range []BindConfig{
		{Name: "both", SMSC: []string{"a:1", "smpps://b:2"}, Backoff: esme.Backoff{Min: 2 * time.Second, Max: 5 * time.Minute, AlreadyBound: 30 * time.Second, Good: time.Minute},
			ESME: esme.Config{KeepAlive: time.Minute, SourceAddress: "127.0.0.2", TLS: secure}},
		{Name: "plain", SMSC: []string{"c:3"}, ESME: esme.Config{KeepAlive: esme.Infinity}},
		{Name: "tls", SMSC: []string{"smpps://a:1", "smpps://b:2"}, ESME: esme.Config{TLS: secure}},
		{Name: "waits", Listen: ":3550", Outbind: Account{SystemID: "smsc"}},
	} {
		got, _ := c.Bind(want.Name)
		e := esme.Config{KeepAlive: got.ESME.KeepAlive, SourceAddress: got.ESME.SourceAddress, TLS: got.ESME.TLS}
		if d := cmp.Diff(want, BindConfig{Name: got.Name, SMSC: got.SMSC, Listen: got.Listen, Outbind: got.Outbind, Backoff: got.Backoff, ESME: e}); d != "" {
			t.Error(d)
		}
	}
}

// Each file of testdata/config is a bad configuration; beside it stands what is said of it. Run with
// UPDATE_GOLDEN=1 to write what is said now.
func TestBadConfigs(t *testing.T) {
	files, err := filepath.Glob("testdata/config/*.yaml")
	if err != nil || len(files) < 5 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			src, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			c, got := parseText(t, string(src))
			if c != nil {
				t.Error("a config came back all the same")
			}
			golden := strings.TrimSuffix(file, ".yaml") + ".golden"
			if os.Getenv("UPDATE_GOLDEN") != "" {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), got); d != "" {
				t.Error(d)
			}
		})
	}
}

func FuzzParseConfig(f *testing.F) {
	files, _ := filepath.Glob("testdata/config/*.yaml")
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(src)
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		c, wrong := ParseConfig("x/esmehost.yaml", src, testEnv)
		if (c == nil) == (len(wrong) == 0) {
			t.Fatalf("config %v, wrong %v", c, wrong)
		}
	})
}
