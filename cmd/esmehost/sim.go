package main

import (
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/esmehost/esmehost/host"
	"github.com/esmehost/esmehost/smsc"
)

var simCommand = &cli.Command{
	Name: "sim", Usage: "run an SMSC simulator",
	Description: "Example: esmehost sim --listen 127.0.0.1:2775 --account acme:secret --receipt-delay 2s --mo-rate 1",
	Flags: append([]cli.Flag{
		&cli.StringFlag{Name: "listen", Value: "127.0.0.1:2775", Usage: "address to listen on"},
		&cli.StringSliceFlag{Name: "account", Usage: "SYSTEM_ID:PASSWORD that may bind, repeatable; none: any"},
		&cli.DurationFlag{Name: "latency", Usage: "before each answer to a message"},
		&cli.Float64Flag{Name: "error-rate", Usage: "share of messages answered ESME_RSUBMITFAIL, 0 to 1"},
		&cli.Float64Flag{Name: "throttle-rate", Usage: "share answered ESME_RTHROTTLED"},
		&cli.Float64Flag{Name: "drop-rate", Usage: "share not answered"},
		&cli.DurationFlag{Name: "receipt-delay", Value: time.Second, Usage: "before the receipt of a message that asks for one"},
		&cli.Float64Flag{Name: "mo-rate", Usage: "mobile-originated messages a second to each session that receives"},
		&cli.StringSliceFlag{Name: "mo-text", Usage: "what they say, in turn, repeatable"},
		&cli.StringFlag{Name: "mo-from", Usage: "their sender"},
		&cli.StringFlag{Name: "mo-to", Usage: "their destination"},
	}, logFlags...),
	Action: func(c *cli.Context) error {
		log, err := logger(c, host.Log{})
		if err != nil {
			return err
		}
		cfg := smsc.Config{Latency: c.Duration("latency"), ErrorRate: c.Float64("error-rate"), ThrottleRate: c.Float64("throttle-rate"),
			DropRate: c.Float64("drop-rate"), ReceiptDelay: c.Duration("receipt-delay"), MORate: c.Float64("mo-rate"),
			MOTexts: c.StringSlice("mo-text"), MOFrom: c.String("mo-from"), MOTo: c.String("mo-to"), Log: log}
		for _, a := range c.StringSlice("account") {
			id, password, ok := strings.Cut(a, ":")
			if !ok || id == "" {
				return usage("--account '%s': write SYSTEM_ID:PASSWORD", a)
			}
			cfg.Accounts = append(cfg.Accounts, smsc.Account{SystemID: id, Password: password})
		}
		l, err := net.Listen("tcp", c.String("listen"))
		if err != nil {
			return cli.Exit(fmt.Sprintf("cannot listen: %v", err), exitFailed)
		}
		ctx, stop := untilSignal(c.Context)
		defer stop()
		fmt.Fprintf(c.App.Writer, "listening on %s\n", l.Addr())
		return smsc.New(cfg).Serve(ctx, l)
	},
}
