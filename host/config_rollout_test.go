package host

import (
	"reflect"
	"testing"
	"time"
)

func TestRolloutOfTheConfiguration(t *testing.T) {
	for text, want := range map[string]Canary{
		"":                            {},
		"off":                         {},
		"5%":                          {Percent: 5, For: 2 * time.Minute},
		"0.5%":                        {Percent: 0.5, For: 2 * time.Minute},
		"a":                           {Binds: []string{"a"}, For: 2 * time.Minute},
		"[a, 'acme-*']":               {Binds: []string{"a", "acme-*"}, For: 2 * time.Minute},
		"{ canary: 20%, for: 30s }":   {Percent: 20, For: 30 * time.Second},
		"{ canary: [a, b], for: 1h }": {Binds: []string{"a", "b"}, For: time.Hour},
		"{ canary: a }":               {Binds: []string{"a"}, For: 2 * time.Minute},
	} {
		rollout := ""
		if text != "" {
			rollout = ", rollout: " + text
		}
		c, wrong := parseText(t, `{ defaults: { smsc: "h:1", script: echo.lua`+rollout+` }, binds: { a: { system_id: a }, b: { system_id: b } } }`)
		if wrong != "" {
			t.Errorf("%s: %s", text, wrong)
			continue
		}
		if got := c.Binds[1].Rollout; !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, want %+v", text, got, want)
		}
	}
	c, wrong := parseText(t, `{ defaults: { smsc: "h:1", script: echo.lua, rollout: 5% }, binds: { a: { system_id: a, rollout: off } } }`)
	if wrong != "" || c.Binds[0].Rollout.on() {
		t.Errorf("off is not off: %+v %s", c, wrong)
	}
}
