package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/esmehost/esmehost/esme"
	"github.com/esmehost/esmehost/host"
)

var reloadCommand = &cli.Command{
	Name: "reload", Usage: "replace a script, or all, in the binds that run it", ArgsUsage: "[SCRIPT]",
	Description: "Waits for the outcome and tells it for each bind. Exit 1 when one was refused.\n" +
		"With --canary these binds take it first. They are held against the others by errors, budget trips, latency, sessions that\n" +
		"end and requests that are refused or not answered, and then all\n" +
		"take it, or these go back; esmehost rollout shows how they do.\n\n" +
		"Example: esmehost reload --check echo.lua\nExample: esmehost reload --to 3f9a21c0 echo.lua\n" +
		"Example: esmehost reload --canary 5% --for 2m echo.lua\nExample: esmehost reload --canary acme-1,'test-*' --wait echo.lua",
	Flags: []cli.Flag{adminFlag, tokenFlag, jsonFlag,
		&cli.BoolFlag{Name: "check", Usage: "only tell what would happen, tried in a copy of each bind's state"},
		&cli.StringSliceFlag{Name: "canary", Usage: "`BINDS` that take it first: a percentage such as 5%, or names and patterns"},
		&cli.DurationFlag{Name: "for", Value: 2 * time.Minute, Usage: "how long the canaries are watched"},
		&cli.BoolFlag{Name: "wait", Usage: "with --canary: wait for the verdict; exit 1 when they went back, or a bind refused it"},
		&cli.StringFlag{Name: "to", Usage: "take the earlier version with the `HASH`, or its start, whatever the file holds"}},
	Action: func(c *cli.Context) error {
		if c.NArg() > 1 || c.String("to") != "" && c.NArg() == 0 {
			return usage("reload takes one script, and --to needs it")
		}
		canary := c.StringSlice("canary")
		if len(canary) == 0 && (c.IsSet("for") || c.Bool("wait")) || c.Bool("wait") && (c.NArg() == 0 || c.Bool("check")) {
			return usage("--for and --wait need --canary, and --wait the name of the script and no --check")
		}
		cl, err := newClient(c)
		if err != nil {
			return err
		}
		query := url.Values{"script": {c.Args().First()}, "to": {c.String("to")}, "canary": canary}
		if len(canary) > 0 {
			query.Set("for", c.Duration("for").String())
		}
		if c.Bool("check") {
			query.Set("check", "true")
		}
		var outcomes []host.Outcome
		if err := cl.do("POST", "/v1/reload", query, nil, &outcomes); err != nil {
			return err
		}
		err = showOutcomes(c, outcomes)
		has := func(word string) bool {
			return slices.ContainsFunc(outcomes, func(o host.Outcome) bool { return o.Outcome == word })
		}
		switch {
		case c.Bool("wait") && has("waiting"):
			return cmp.Or(err, awaitRollout(c, cl))
		case err == nil && len(canary) > 0 && !c.Bool("check") && has("reloaded") && !has("waiting"):
			unwatched := fmt.Sprintf("no bind was left beside the canaries (%d): all took the script at once, and nobody watches it", len(outcomes))
			if c.Bool("wait") {
				return cli.Exit(unwatched, exitFailed)
			}
			fmt.Fprintln(c.App.ErrWriter, "esmehost: "+unwatched)
		}
		return err
	},
}

func showOutcomes(c *cli.Context, outcomes []host.Outcome) error {
	refused := 0
	w := tabwriter.NewWriter(c.App.Writer, 0, 8, 2, ' ', 0)
	for _, o := range outcomes {
		if o.Outcome == "refused" || o.Outcome == "kept" {
			refused++
		}
		word := o.Outcome
		if c.Bool("check") {
			word = "would be " + word
		}
		fmt.Fprintf(w, "%s\t%s\t%s\tgeneration %d\t%.12s\t%s\n", o.Bind, o.Script, word, o.Generation, o.Hash, oneLine(o.Error, 1000))
	}
	if c.Bool("json") {
		if err := json.NewEncoder(c.App.Writer).Encode(outcomes); err != nil {
			return err
		}
	} else if err := w.Flush(); err != nil {
		return err
	}
	switch {
	case refused > 0 && c.Bool("check"):
		return cli.Exit(fmt.Sprintf("%d of %d binds would not take the script", refused, len(outcomes)), exitFailed)
	case refused > 0:
		return cli.Exit(fmt.Sprintf("%d of %d binds go on with the old script", refused, len(outcomes)), exitFailed)
	}
	return nil
}

var historyCommand = &cli.Command{
	Name: "history", Usage: "show the versions of a script that ran, and what each changed", ArgsUsage: "SCRIPT",
	Description: "The newest comes last. Any of them can be had again: esmehost reload --to HASH SCRIPT.\n\nExample: esmehost history echo.lua\n" +
		"Example: esmehost history --data-dir /var/lib/esmehost echo.lua",
	Flags: []cli.Flag{adminFlag, tokenFlag, jsonFlag, &cli.BoolFlag{Name: "no-diff", Usage: "one line a version"},
		&cli.StringFlag{Name: "data-dir", Usage: "read the `FOLDER` in which a host keeps its history, be it running or not"}},
	Action: func(c *cli.Context) error {
		if c.NArg() != 1 {
			return usage("history takes the name of a script")
		}
		h, err := history(c)
		if err != nil {
			return err
		}
		if c.Bool("json") {
			return json.NewEncoder(c.App.Writer).Encode(h)
		}
		for _, v := range h.Versions {
			marks := ""
			for _, m := range []struct {
				on   bool
				word string
			}{{v.Running, " running"}, {v.Good, " good"}, {v.Bad, " bad"}, {v.Hash == h.Passed, " not-taken-from-the-file"}} {
				if m.on {
					marks += m.word
				}
			}
			fmt.Fprintf(c.App.Writer, "%s  %.12s  %s by %s in %d %s%s\n", v.Time.Format(time.DateTime), v.Hash,
				strings.ReplaceAll(v.What, "_", " "), v.By, v.Binds, plural(v.Binds, "bind"), marks)
			if v.Why != "" {
				fmt.Fprintln(c.App.Writer, "  "+v.Why)
			}
			if v.Diff != "" && !c.Bool("no-diff") {
				fmt.Fprintln(c.App.Writer, indented(v.Diff))
			}
		}
		return nil
	},
}

// history asks the host, or reads what one has left.
func history(c *cli.Context) (h host.ScriptHistory, err error) {
	script := c.Args().First()
	if dir := c.String("data-dir"); dir != "" {
		h, err = host.ReadHistory(dir, script)
		var known *esme.Error
		if errors.As(err, &known) {
			err = &failure{Failure: host.Failure{Code: known.Code, Message: known.Message}}
		}
		return h, err
	}
	cl, err := newClient(c)
	if err != nil {
		return h, err
	}
	err = cl.do("GET", "/v1/history", url.Values{"script": {script}}, nil, &h)
	return h, err
}

func indented(text string) string {
	return "    " + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n    ") + "\n"
}
