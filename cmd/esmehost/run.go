package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/urfave/cli/v2"

	"github.com/esmehost/esmehost/diag"
	"github.com/esmehost/esmehost/host"
)

const defaultConfig = "esmehost.yaml"

var runCommand = &cli.Command{
	Name:      "run",
	Usage:     "run the host",
	ArgsUsage: "[CONFIG]",
	Description: "Runs the binds of CONFIG (esmehost.yaml). SIGTERM and Ctrl-C drain: what is in flight gets its time, then\n" +
		"the binds unbind; a second one ends at once. SIGHUP applies what has changed in the configuration and the scripts.\n\nExample: esmehost run --log-format json prod.yaml",
	Flags: append([]cli.Flag{&cli.BoolFlag{Name: "check", Usage: "stop after checking"}}, logFlags...),
	Action: func(c *cli.Context) error {
		if c.Bool("check") {
			_, err := check(c)
			return err
		}
		hup := make(chan os.Signal, 1)
		signal.Notify(hup, syscall.SIGHUP) // while it loads, too: then it waits
		h, err := load(c)
		if err != nil {
			return err
		}
		ctx, stop := untilSignal(c.Context)
		defer stop()
		return h.Run(ctx, func() {
			go func() {
				for range hup {
					h.Hangup(ctx)
				}
			}()
		})
	},
}

var checkCommand = &cli.Command{
	Name:        "check",
	Usage:       "check the configuration and its scripts",
	ArgsUsage:   "[CONFIG]",
	Description: "Says everything that is wrong, with file:line:column, and exits 1; says nothing else and exits 0 when all is well.\n\nExample: esmehost check prod.yaml",
	Action: func(c *cli.Context) error {
		cfg, err := check(c)
		if err == nil {
			fmt.Fprintf(c.App.Writer, "%s: %d binds, all is well\n", configArg(c), len(cfg.Binds))
		}
		return err
	},
}

func configArg(c *cli.Context) string {
	if c.NArg() > 0 {
		return c.Args().First()
	}
	return defaultConfig
}

// load makes the host that the command's argument names, and prints all that is wrong.
func load(c *cli.Context) (*host.Host, error) {
	if c.NArg() > 1 {
		return nil, usage("%s takes one configuration", c.Command.Name)
	}
	var logError error
	h, wrong := host.Load(configArg(c), func(l host.Log) *slog.Logger {
		log, err := logger(c, l)
		logError = err
		return log
	})
	if logError != nil {
		return nil, logError
	}
	return h, said(c, wrong)
}

// check reads what the command's argument names, and prints all that is wrong.
func check(c *cli.Context) (*host.Config, error) {
	if c.NArg() > 1 {
		return nil, usage("%s takes one configuration", c.Command.Name)
	}
	cfg, wrong := host.Check(configArg(c))
	return cfg, said(c, wrong)
}

func said(c *cli.Context, wrong diag.List) error {
	if len(wrong) == 0 {
		return nil
	}
	wrong.Print(os.Stderr)
	return cli.Exit(fmt.Sprintf("%d %s in %s and its scripts", len(wrong), plural(len(wrong), "error"), configArg(c)), exitFailed)
}

func plural(n int, word string) string {
	if n == 1 {
		return word
	}
	return word + "s"
}

// untilSignal ends its context at the first SIGINT or SIGTERM, and the process at the second.
func untilSignal(parent context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancel(parent)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		select {
		case <-signals:
		case <-ctx.Done():
			return
		}
		cancel()
		<-signals
		fmt.Fprintln(os.Stderr, "esmehost: ended at once by a second signal; what was in flight is unknown")
		os.Exit(exitSignal)
	}()
	return ctx, func() { signal.Stop(signals); cancel() }
}
