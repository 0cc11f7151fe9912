package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

func TestFlagsFirst(t *testing.T) {
	for given, want := range map[string]string{
		"esmehost stop acme --drain":                   "esmehost stop --drain acme",
		"esmehost stop acme --timeout 5s --drain x":    "esmehost stop --timeout 5s --drain acme x",
		"esmehost call acme -5 --timeout=1s":           "esmehost call --timeout=1s acme -5",
		"esmehost call acme -- --timeout":              "esmehost call acme -- --timeout",
		"esmehost stop --help":                         "esmehost stop --help",
		"esmehost nonsense a --b":                      "esmehost nonsense a --b",
		"esmehost":                                     "esmehost",
		"esmehost stop a --nonsense":                   "esmehost stop a --nonsense",
		"esmehost status --label a=b x --admin y.sock": "esmehost status --label a=b --admin y.sock x",
	} {
		got := flagsFirst([]*cli.Command{stopCommand, callCommand, statusCommand}, strings.Fields(given))
		if !slices.Equal(got, strings.Fields(want)) {
			t.Errorf("%s\nis   %v\nwant %s", given, got, want)
		}
	}
}
