// Command esmehost runs scripted SMPP binds, and talks to a host that runs.
package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"

	"github.com/urfave/cli/v2"

	"github.com/esmehost/esmehost/host"
)

func main() {
	app := &cli.App{
		Name:                 "esmehost",
		Usage:                "run scripted SMPP binds",
		Version:              version(),
		EnableBashCompletion: true,
		Suggest:              true,
		Commands: []*cli.Command{
			runCommand, demoCommand, checkCommand, simCommand, decodeCommand,
			statusCommand, startCommand, stopCommand, restartCommand, planCommand, reloadCommand, rolloutCommand, historyCommand, callCommand, castCommand, sendCommand,
			docCommand, typesCommand,
		},
		CommandNotFound: func(c *cli.Context, name string) {
			fmt.Fprintf(c.App.ErrWriter, "esmehost: there is no command '%s'; see esmehost --help\n", name)
			os.Exit(exitUsage)
		},
		OnUsageError:   usageError,
		ExitErrHandler: func(*cli.Context, error) {}, // said below, once
	}
	for _, c := range app.Commands {
		c.OnUsageError = usageError
		c.HideHelpCommand = true // a bind may be called help, or h
	}
	err := app.Run(flagsFirst(app.Commands, os.Args))
	var exit cli.ExitCoder
	switch {
	case err == nil:
	case errors.As(err, &exit):
		if m := exit.Error(); m != "" {
			fmt.Fprintln(os.Stderr, "esmehost: "+m)
		}
		os.Exit(exit.ExitCode())
	default:
		fmt.Fprintln(os.Stderr, "esmehost: "+err.Error())
		os.Exit(exitFailed)
	}
}

// Exit codes: 0 done, 1 failed, 2 used in a way that makes no sense.
const (
	exitFailed = 1
	exitUsage  = 2
)

func usageError(c *cli.Context, err error, _ bool) error {
	return usage("%v; see esmehost %s --help", err, c.Command.Name)
}

func usage(format string, args ...any) error {
	return cli.Exit(fmt.Sprintf(format, args...), exitUsage)
}

func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "unknown"
}

var logFlags = []cli.Flag{
	&cli.StringFlag{Name: "log-format", Usage: "text or json (log.format)"},
	&cli.StringFlag{Name: "log-level", Usage: "debug, info, warn or error (log.level)"},
}

// logger makes the host's log, to standard error. Flags go before the configuration.
func logger(c *cli.Context, cfg host.Log) (*slog.Logger, error) {
	format, level := cfg.Format, cfg.Level
	if f := c.String("log-format"); f != "" {
		format = f
	}
	if l := c.String("log-level"); l != "" {
		level = l
	}
	opts := &slog.HandlerOptions{}
	if level != "" {
		var l slog.Level
		if err := l.UnmarshalText([]byte(level)); err != nil {
			return nil, usage("--log-level must be debug, info, warn or error")
		}
		opts.Level = l
	}
	switch format {
	case "json":
		return slog.New(slog.NewJSONHandler(os.Stderr, opts)), nil
	case "text", "":
		return slog.New(slog.NewTextHandler(os.Stderr, opts)), nil
	}
	return nil, usage("--log-format must be text or json")
}
