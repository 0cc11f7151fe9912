// Command esmehost runs scripted SMPP binds, and talks to a host that runs.
package main

import (
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
		Description:          exitCodes,
		Version:              version(),
		EnableBashCompletion: true,
		Suggest:              true,
		Commands: []*cli.Command{
			runCommand, demoCommand, checkCommand, simCommand, decodeCommand,
			statusCommand, startCommand, stopCommand, restartCommand, planCommand, reloadCommand, rolloutCommand, historyCommand, callCommand, castCommand, sendCommand,
			docCommand, typesCommand, completionCommand,
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
	if code := say(os.Stderr, app.Run(flagsFirst(app.Commands, os.Args)), asJSON(app.Commands, os.Args)); code != 0 {
		os.Exit(code)
	}
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
