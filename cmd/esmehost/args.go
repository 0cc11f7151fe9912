package main

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// flagsFirst puts the flags of a command before its arguments, where the library looks for them: people write
// `esmehost stop acme --drain`. What is no flag of the command stays where it is: a JSON message may begin with -.
func flagsFirst(commands []*cli.Command, args []string) []string {
	if len(args) < 2 {
		return args
	}
	i := slices.IndexFunc(commands, func(c *cli.Command) bool { return c.HasName(args[1]) })
	if i < 0 {
		return args
	}
	var flags, rest []string
	for n := 2; n < len(args); n++ {
		arg := args[n]
		if arg == "--" {
			rest = append(rest, args[n:]...)
			break
		}
		name, _, hasValue := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		flag := flagNamed(commands[i], name)
		if !strings.HasPrefix(arg, "-") || flag == nil {
			rest = append(rest, arg)
			continue
		}
		flags = append(flags, arg)
		if _, isBool := flag.(*cli.BoolFlag); !isBool && !hasValue && n+1 < len(args) {
			n++
			flags = append(flags, args[n])
		}
	}
	return slices.Concat(args[:2], flags, rest)
}

func flagNamed(c *cli.Command, name string) cli.Flag {
	for _, f := range append(c.Flags, cli.HelpFlag) {
		if slices.Contains(f.Names(), name) {
			return f
		}
	}
	return nil
}
