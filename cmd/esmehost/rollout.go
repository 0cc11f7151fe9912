package main

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/esmehost/esmehost/host"
)

var rolloutCommand = &cli.Command{
	Name: "rollout", Usage: "show or decide new code that some binds run first", ArgsUsage: "[SCRIPT]",
	Description: "Shows the canaries under way, and the last of each script. One is begun by reload --canary, or by a save where the\n" +
		"configuration has a rollout.\n\nExample: esmehost rollout\nExample: esmehost rollout --abort echo.lua",
	Flags: []cli.Flag{adminFlag, tokenFlag, jsonFlag,
		&cli.BoolFlag{Name: "abort", Usage: "the canaries go back to the old script at once"},
		&cli.BoolFlag{Name: "promote", Usage: "all binds take the new script at once"},
		&cli.BoolFlag{Name: "wait", Usage: "wait for the verdict; exit 1 when they went back, or a bind refused it"}},
	Action: func(c *cli.Context) error {
		asked := 0
		do := ""
		for _, name := range []string{"abort", "promote", "wait"} {
			if c.Bool(name) {
				asked++
				do = name
			}
		}
		if c.NArg() > 1 || asked > 1 || asked == 1 && c.NArg() == 0 {
			return usage("rollout takes one script, and one of --abort, --promote and --wait, which need it")
		}
		cl, err := newClient(c)
		if err != nil {
			return err
		}
		script := c.Args().First()
		switch do {
		case "wait":
			return awaitRollout(c, cl)
		case "":
			var all []host.Rollout
			if err := cl.do("GET", "/v1/rollouts", url.Values{"script": {script}}, nil, &all); err != nil {
				return err
			}
			return showRollouts(c, all)
		}
		var outcomes []host.Outcome
		if err := cl.do("POST", "/v1/rollouts", url.Values{"script": {script}, "do": {do}}, nil, &outcomes); err != nil {
			return err
		}
		if do == "abort" && len(outcomes) > 0 { // of those that cannot
			showOutcomes(c, outcomes)
			return cli.Exit(fmt.Sprintf("%d %s of %s cannot go back to the old script: the new one goes on there; save one that loads with their args", len(outcomes), plural(len(outcomes), "bind"), script), exitFailed)
		}
		return showOutcomes(c, outcomes)
	},
}

// awaitRollout waits for the verdict about the script's canaries.
func awaitRollout(c *cli.Context, cl *client) error {
	var all []host.Rollout
	if err := cl.do("GET", "/v1/rollouts", url.Values{"script": {c.Args().First()}, "wait": {"true"}}, nil, &all); err != nil {
		return err
	}
	if err := showRollouts(c, all); err != nil {
		return err
	}
	for _, r := range all {
		switch {
		case r.State == "went_back":
			return cli.Exit("the canaries of "+r.Script+" went back: "+oneLine(r.Why, 1000), exitFailed)
		case len(r.Refused) > 0:
			return cli.Exit(fmt.Sprintf("%d %s of %s go on with the old script: %s", len(r.Refused), plural(len(r.Refused), "bind"), r.Script, host.SomeNames(r.Refused)), exitFailed)
		}
	}
	return nil
}

func showRollouts(c *cli.Context, all []host.Rollout) error {
	if c.Bool("json") {
		return json.NewEncoder(c.App.Writer).Encode(all)
	}
	for _, r := range all {
		until := "until"
		if r.State == "watching" {
			until = "decided at"
		}
		fmt.Fprintf(c.App.Writer, "%s  %s  %.12s after %.12s, by %s, from %s %s %s\n", r.Script, strings.ReplaceAll(r.State, "_", " "), r.Hash, r.Old,
			r.By, r.Began.Local().Format(time.DateTime), until, r.Until.Local().Format(time.TimeOnly))
		if r.Why != "" {
			fmt.Fprintln(c.App.Writer, "  "+oneLine(r.Why, 1000))
		}
		fmt.Fprintf(c.App.Writer, "  canaries  %s  (%s)\n  others    %s\n", group(r.Canaries), host.SomeNames(r.Names), group(r.Others))
	}
	if len(all) == 0 {
		fmt.Fprintln(c.App.Writer, "no canary is under way, and none was since the host started")
	}
	return nil
}

// group says what some binds did, and what went wrong beside errors where something did.
func group(g host.Group) string {
	text := fmt.Sprintf("%d %s, %d events, %d errors, %d budget trips, 95%% of callbacks below %.3f ms", g.Binds, plural(g.Binds, "bind"), g.Events, g.Errors, g.Trips, g.P95)
	for _, x := range []struct {
		n    uint64
		what string
	}{{g.Ended, "sessions ended"}, {g.Refused, "messages refused by the host"}, {g.Rejected, "refused by the SMSC"}, {g.Silent, "without a response in time"}} {
		if x.n > 0 {
			text += fmt.Sprintf(", %d %s", x.n, x.what)
		}
	}
	return text
}
