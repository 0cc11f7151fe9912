package main

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/esmehost/esmehost/host"
)

var labelFlag = &cli.StringSliceFlag{Name: "label", Usage: "binds that have the label `NAME=VALUE`, or NAME with any value; repeatable, all must fit"}

const selects = "BIND is a name or a pattern, in which * stands for anything: 'acme-*', '*'."

// selected is the query for the binds that the command names.
func selected(c *cli.Context) (url.Values, error) {
	if c.NArg() == 0 && len(c.StringSlice("label")) == 0 {
		return nil, usage("%s takes names or patterns of binds, or --label", c.Command.Name)
	}
	return url.Values{"bind": c.Args().Slice(), "label": c.StringSlice("label")}, nil
}

var statusCommand = &cli.Command{
	Name: "status", Usage: "show the binds of a running host", ArgsUsage: "[BIND...]",
	Description: selects + " A * beside the generation\nmarks a canary: it runs new code before the other binds of its script.\n\nExample: esmehost status --label region=eu --json",
	Flags:       []cli.Flag{adminFlag, tokenFlag, jsonFlag, labelFlag},
	Action: func(c *cli.Context) error {
		cl, err := newClient(c)
		if err != nil {
			return err
		}
		query := url.Values{"bind": c.Args().Slice(), "label": c.StringSlice("label")}
		var raw json.RawMessage
		if err := cl.do("GET", "/v1/binds", query, nil, &raw); err != nil {
			return err
		}
		if c.Bool("json") {
			_, err := fmt.Fprintln(c.App.Writer, string(raw))
			return err
		}
		var rows []host.Status
		if err := json.Unmarshal(raw, &rows); err != nil {
			return err
		}
		var rollouts []host.Rollout
		if slices.ContainsFunc(rows, func(s host.Status) bool { return s.Canary }) {
			if err := cl.do("GET", "/v1/rollouts", nil, nil, &rollouts); err != nil {
				return err
			}
		}
		w := tabwriter.NewWriter(c.App.Writer, 0, 8, 2, ' ', 0)
		fmt.Fprintln(w, "BIND\tSTATE\tSESSION\tPEER\tSCRIPT\tGEN\tHASH\tIN FLIGHT\tQUEUED\tSENT\tRECEIVED\tLAST ERROR")
		for _, s := range rows {
			generation := strconv.Itoa(s.Generation)
			if s.Canary {
				generation += "*"
			}
			fmt.Fprintf(w, "%s\t%s\t%d\t%s\t%s\t%s\t%.8s\t%d\t%d\t%d\t%d\t%s\n", s.Name, s.State, s.Session, s.Peer, s.Script,
				generation, s.Hash, s.InFlight, s.Queued, s.Counters.Sent, s.Counters.Received, oneLine(s.LastError, 300))
		}
		if err := w.Flush(); err != nil {
			return err
		}
		rollouts = slices.DeleteFunc(rollouts, func(r host.Rollout) bool { return r.State != "watching" })
		if len(rollouts) == 0 {
			return nil
		}
		fmt.Fprintln(c.App.Writer)
		return showRollouts(c, rollouts)
	},
}

// changed asks the host for a change of binds and shows it.
func changed(c *cli.Context, path string, query url.Values) error {
	cl, err := newClient(c)
	if err != nil {
		return err
	}
	if d := c.Duration("timeout"); d > 0 {
		query.Set("timeout", d.String())
	}
	var changes []host.Change
	if err := cl.do("POST", path, query, nil, &changes); err != nil {
		return err
	}
	if c.Bool("json") {
		return json.NewEncoder(c.App.Writer).Encode(changes)
	}
	w := tabwriter.NewWriter(c.App.Writer, 0, 8, 2, ' ', 0)
	for _, x := range changes {
		lost := ""
		if x.Lost > 0 {
			lost = fmt.Sprintf("%d %s had no response", x.Lost, plural(int(x.Lost), "request"))
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", x.Bind, x.Outcome, lost)
	}
	return w.Flush()
}

var drainTimeout = &cli.DurationFlag{Name: "timeout", Value: 5 * time.Minute, Usage: "how long to wait for the drain"}

var startCommand = &cli.Command{
	Name: "start", Usage: "start binds that were stopped or have ended", ArgsUsage: "[BIND...]",
	Description: selects + "\n\nExample: esmehost start 'acme-*'",
	Flags:       []cli.Flag{adminFlag, tokenFlag, jsonFlag, labelFlag},
	Action: func(c *cli.Context) error {
		query, err := selected(c)
		if err != nil {
			return err
		}
		return changed(c, "/v1/start", query)
	},
}

var stopCommand = &cli.Command{
	Name: "stop", Usage: "drain and stop binds, or the whole host", ArgsUsage: "[BIND...]",
	Description: selects + "\nWhat is in flight has its time (unbind_limit), then the bind unbinds. A stopped bind stays so until start, or until the\n" +
		"host is started again.\n\nExample: esmehost stop --drain acme",
	Flags: []cli.Flag{adminFlag, tokenFlag, jsonFlag, labelFlag, drainTimeout,
		&cli.BoolFlag{Name: "drain", Usage: "wait until they have drained, and say what was lost"},
		&cli.BoolFlag{Name: "all", Usage: "stop the host"}},
	Action: func(c *cli.Context) error {
		if c.IsSet("timeout") && !c.Bool("drain") {
			return usage("--timeout is how long --drain waits: give both")
		}
		if c.Bool("all") {
			if c.NArg() > 0 || len(c.StringSlice("label")) > 0 {
				return usage("stop takes binds, or --all")
			}
			query := url.Values{"all": {"true"}}
			if c.Bool("drain") {
				query.Set("drain", "true")
			}
			return changed(c, "/v1/stop", query)
		}
		query, err := selected(c)
		if err != nil {
			return err
		}
		if c.Bool("drain") {
			query.Set("drain", "true")
		}
		return changed(c, "/v1/stop", query)
	},
}

var restartCommand = &cli.Command{
	Name: "restart", Usage: "drain binds and start them again", ArgsUsage: "[BIND...]",
	Description: selects + "\nEach is started again as soon as it has drained; the state begins anew, by init.\n\nExample: esmehost restart --label region=eu",
	Flags:       []cli.Flag{adminFlag, tokenFlag, jsonFlag, labelFlag, drainTimeout},
	Action: func(c *cli.Context) error {
		query, err := selected(c)
		if err != nil {
			return err
		}
		return changed(c, "/v1/restart", query)
	},
}

var planCommand = &cli.Command{
	Name: "plan", Usage: "show what the configuration file would change in the running host",
	Description: "+ started, ~ restarted, - drained, = kept; of the host: ! not before it is started again,\n" +
		"* from now on. Nothing is done without --apply;\n" +
		"a save of the file, or SIGHUP, does it too.\n\nExample: esmehost plan",
	Flags: []cli.Flag{adminFlag, tokenFlag, jsonFlag, drainTimeout, &cli.BoolFlag{Name: "apply", Usage: "do it, and wait until what drains has drained"}},
	Action: func(c *cli.Context) error {
		if c.NArg() > 0 {
			return usage("plan takes no argument: the host reads its own file")
		}
		cl, err := newClient(c)
		if err != nil {
			return err
		}
		method, query := "GET", url.Values{}
		if c.Bool("apply") {
			method = "POST"
			query.Set("timeout", c.Duration("timeout").String())
		}
		var plan host.Plan
		if err := cl.do(method, "/v1/plan", query, nil, &plan); err != nil {
			return err
		}
		if c.Bool("json") {
			return json.NewEncoder(c.App.Writer).Encode(plan)
		}
		fmt.Fprintln(c.App.Writer, plan)
		return nil
	},
}
