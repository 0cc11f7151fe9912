package host

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// No error shows a secret, whatever is wrong with the line that it stands in.
func TestErrorsShowNoSecret(t *testing.T) {
	const hidden = "hunter2"
	for name, src := range map[string]string{
		"too long":           "binds:\n  a:\n    smsc: a:1\n    script: echo.lua\n    system_id: a\n    password: hunter2hunter2\n",
		"flow":               "binds: { a: { smsc: 'a:1', script: echo.lua, system_id: a, password: hunter2hunter2, windwo: 1 } }\n",
		"flow, quoted":       "binds: { a: { smsc: 'a:1', script: echo.lua, password: \"hunter2, } \\\" hunter2\", windwo: 1 } }\n",
		"flow, next line":    "binds: { a: { smsc: 'a:1', script: echo.lua, password:\n  hunter2hunter2 } }\n",
		"JSON":               "{\"binds\": {\"a\": {\"smsc\": \"a:1\", \"script\": \"echo.lua\", \"password\": \"hunter2hunter2\", \"windwo\": 1}}}\n",
		"a list":             "binds:\n  a:\n    smsc: a:1\n    script: echo.lua\n    password:\n      - hunter2\n      - x\n",
		"a mapping":          "binds:\n  a:\n    smsc: a:1\n    script: echo.lua\n    password: { a: hunter2 }\n",
		"old line ends":      "binds:\r  a:\r    smsc: a:1\r    script: echo.lua\r    passwrod: hunter2\r",
		"block":              "binds:\n  a:\n    smsc: a:1\n    script: echo.lua\n    password: |\n      hunter2hunter2\n",
		"mistyped key":       "binds:\n  a:\n    smsc: a:1\n    script: echo.lua\n    passwrod: hunter2\n",
		"twice":              "binds:\n  a:\n    smsc: a:1\n    script: echo.lua\n    password: x\n    password: hunter2\n",
		"not closed":         "binds:\n  a:\n    smsc: a:1\n    script: echo.lua\n    password: \"hunter2\n",
		"a tab":              "binds:\n  a:\n    smsc: a:1\n    script: echo.lua\n\tpassword: hunter2\n",
		"no indent":          "binds:\n  a:\n    smsc: a:1\n   password: hunter2\n",
		"colon":              "binds:\n  a:\n    smsc: a:1\n    password: a: hunter2\n",
		"script gone":        "binds: { a: { smsc: 'a:1', password: hunter2, script: gone.lua } }\n",
		"secrets, list":      "secrets: { api: [hunter2] }\nbinds: {}\n",
		"secrets, wrong key": "secrets:\n  api: { flie: hunter2 }\nbinds: {}\n",
		"secrets, twice":     "secrets:\n  api: x\n  api: hunter2\nbinds: {}\n",
		"secrets, misplaced": "binds:\n  a:\n    smsc: a:1\n    script: echo.lua\n    secrets: { api: hunter2 }\n",
		"secrets, mistyped":  "secret:\n  api: hunter2\nbinds: {}\n",
		"secrets, scalar":    "secrets: hunter2\nbinds: {}\n",
		"secrets, tab":       "secrets:\n\tapi: hunter2\nbinds: {}\n",
		"secrets, colon":     "secrets:\n  api: a: hunter2\nbinds: {}\n",
		"secrets, deep":      "secrets:\n  api:\n    text:\n      hunter2\nbinds: {}\n",
		"outbind":            "binds: { a: { mode: outbind, listen: 'a:1', script: echo.lua, outbind: { system_id: a, password: hunter2hunter2 } } }\n",
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "echo.lua"), []byte("return { init = function() end }"), 0o644); err != nil {
				t.Fatal(err)
			}
			_, wrong := ParseConfig(filepath.Join(dir, "esmehost.yaml"), []byte(src), os.LookupEnv)
			if len(wrong) == 0 {
				t.Fatal("nothing is wrong")
			}
			var out bytes.Buffer
			wrong.Print(&out)
			if all := out.String() + wrong.Error(); strings.Contains(all, hidden) {
				t.Error(all)
			}
			for _, d := range wrong {
				if d.Line > 0 && len([]rune(d.Source)) != len([]rune(strings.FieldsFunc(src, func(c rune) bool { return c == '\n' || c == '\r' })[d.Line-1])) {
					t.Errorf("the caret has moved: %q", d.Source)
				}
			}
		})
	}
}

// What is no secret stays to be seen, and what is behind a secret too.
func TestErrorsShowTheRest(t *testing.T) {
	for src, want := range map[string]string{
		"password: abc":                          "password: ***",
		"  - password: 'a b' # c":                "  - password: *********",
		"a: { password: abc, windwo: 1 }":        "a: { password: ***, windwo: 1 }",
		"a: { password: \"a,}b\", windwo: 1 }":   "a: { password: ******, windwo: 1 }",
		"a: { password: '${PW}', windwo: 1 }":    "a: { password: '${PW}', windwo: 1 }",
		"password: ${PW:-abc}":                   "password: **********",
		"password_file: pw":                      "password_file: pw",
		"token_file: t":                          "token_file: t",
		"allow: { secrets: [api_key], htpp: x }": "allow: { secrets: [api_key], htpp: x }",
		"system_id: password":                    "system_id: password",
		"passwords":                              "passwords",
		"grüße: { password: ü€, x: 1 }":          "grüße: { password: **, x: 1 }",
	} {
		if got := shown([]byte(src), 1); got != want {
			t.Errorf("%s: %s, want %s", src, got, want)
		}
	}
}
