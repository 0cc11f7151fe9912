package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/esmehost/esmehost/esme"
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
		&cli.StringFlag{Name: "tls-cert", Usage: "PEM `FILE` of the certificate: sessions are encrypted; made, with the key, if there is none"},
		&cli.StringFlag{Name: "tls-key", Usage: "PEM `FILE` of its key"},
		&cli.StringFlag{Name: "tls-client-ca", Usage: "PEM `FILE` of the authority whose certificates ESMEs must show"},
		&cli.StringFlag{Name: "outbind", Usage: "connect to the ESME at `ADDRESS` and ask it to bind, again and again"},
		&cli.StringFlag{Name: "outbind-account", Usage: "SYSTEM_ID:PASSWORD of the outbind"},
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
		if l, err = encrypted(c, l); err != nil {
			return err
		}
		ctx, stop := untilSignal(c.Context)
		defer stop()
		fmt.Fprintf(c.App.Writer, "listening on %s\n", l.Addr())
		sim := smsc.New(cfg)
		var calls sync.WaitGroup
		defer calls.Wait()
		if address := c.String("outbind"); address != "" {
			calls.Go(func() { outbind(ctx, sim, log, address, c.String("outbind-account")) })
		}
		return sim.Serve(ctx, l)
	},
}

// outbind keeps a session with an ESME that listens.
func outbind(ctx context.Context, sim *smsc.Server, log *slog.Logger, address, account string) {
	id, password, _ := strings.Cut(account, ":")
	for ctx.Err() == nil {
		if err := sim.Outbind(ctx, address, id, password); err != nil && ctx.Err() == nil {
			log.Info("outbind failed", "peer", address, "error", err.Error())
		}
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
		}
	}
}

// encrypted puts TLS over the listener if there is to be any. A certificate that is not there is made.
func encrypted(c *cli.Context, l net.Listener) (net.Listener, error) {
	t := esme.TLS{CA: c.String("tls-client-ca"), Cert: c.String("tls-cert"), Key: c.String("tls-key")}
	if t == (esme.TLS{}) {
		return l, nil
	}
	if t.Cert == "" || t.Key == "" {
		return nil, usage("TLS needs --tls-cert and --tls-key")
	}
	_, noCert := os.Stat(t.Cert)
	_, noKey := os.Stat(t.Key)
	if os.IsNotExist(noCert) && os.IsNotExist(noKey) {
		cert, key, err := smsc.SelfSigned("localhost", "127.0.0.1", "::1")
		if err == nil {
			err = os.WriteFile(t.Key, key, 0o600)
		}
		if err == nil {
			err = os.WriteFile(t.Cert, cert, 0o644)
		}
		if err != nil {
			return nil, cli.Exit(fmt.Sprintf("cannot make a certificate: %v", err), exitFailed)
		}
		fmt.Fprintf(c.App.Writer, "made %s and %s; an ESME trusts it by tls: { ca: %s }\n", t.Cert, t.Key, t.Cert)
	}
	cfg, err := new(esme.Certificates).Server(t, nil)
	if err != nil {
		return nil, cli.Exit(err.Error(), exitFailed)
	}
	return tls.NewListener(l, cfg), nil
}
