package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/esmehost/esmehost/host"
)

// Exit codes: 0 done, 1 failed, 2 used in a way that makes no sense, 130 ended at once by a second signal.
const (
	exitFailed = 1
	exitUsage  = 2
	exitSignal = 130
)

const exitCodes = "Exit codes: 0 done; 1 failed, or what was asked for did not come about; 2 used in a way that makes no sense;\n" +
	"130 ended at once by a second signal. Where a host is asked with --json, a failure is an object with code and message, on standard error."

// failure is an error that the host names, or whose cause a program may want to tell from others.
type failure struct {
	host.Failure
	text string // for people
}

func (f *failure) Error() string { return cmp.Or(f.text, f.Code+": "+f.Message) }

// Codes of failures that are not the host's.
const (
	codeNoHost = "no_host" // none answers
	codeUsage  = "usage"
	codeFailed = "failed" // anything else; the message says what
)

func usageError(c *cli.Context, err error, _ bool) error {
	return usage("%v; see esmehost %s --help", err, c.Command.Name)
}

func usage(format string, args ...any) error {
	return cli.Exit(fmt.Sprintf(format, args...), exitUsage)
}

// asJSON reports whether a failure is to be told as JSON: by a command that asks a host. What decode finds is text there.
func asJSON(commands []*cli.Command, args []string) bool {
	if len(args) < 2 || !slices.Contains(args, "--json") {
		return false
	}
	i := slices.IndexFunc(commands, func(c *cli.Command) bool { return c.HasName(args[1]) })
	return i >= 0 && slices.Contains(commands[i].Flags, cli.Flag(adminFlag))
}

// say tells why a command failed, and returns its exit code.
func say(w io.Writer, err error, asJSON bool) int {
	if err == nil {
		return 0
	}
	f := host.Failure{Code: codeFailed, Message: err.Error()}
	code := exitFailed
	var known *failure
	var exit cli.ExitCoder
	switch {
	case errors.As(err, &known):
		f = known.Failure
	case errors.As(err, &exit):
		if code = exit.ExitCode(); code == exitUsage {
			f.Code = codeUsage
		}
	}
	switch {
	case err.Error() == "": // all has been said
	case asJSON:
		json.NewEncoder(w).Encode(f)
	default:
		fmt.Fprintln(w, "esmehost: "+err.Error())
	}
	return code
}
