package main

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path"
	"path/filepath"
	"sync"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/esmehost/esmehost/examples"
	"github.com/esmehost/esmehost/host"
	"github.com/esmehost/esmehost/pdu"
	"github.com/esmehost/esmehost/smsc"
)

var demoCommand = &cli.Command{
	Name: "demo", Usage: "show the example scripts at work with the simulator",
	Description: "Starts the SMSC simulator and a host with every example of examples/lua bound to it, and shows the messages that\n" +
		"pass. Edit a script meanwhile and see the next answers change.\n\nExample: esmehost demo --rate 2 --duration 30s",
	Flags: append([]cli.Flag{
		&cli.Float64Flag{Name: "rate", Value: 0.5, Usage: "messages a second that each bind is sent"},
		&cli.DurationFlag{Name: "duration", Usage: "end after this long; 0: with Ctrl-C"},
	}, logFlags...),
	Action: func(c *cli.Context) error {
		if c.Float64("rate") <= 0 || c.Float64("rate") > 1000 {
			return usage("--rate must be more than 0 and at most 1000")
		}
		log, err := logger(c, host.Log{})
		if err != nil {
			return err
		}
		dir, cleanup, err := exampleDir()
		if err != nil {
			return err
		}
		defer cleanup()
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		cfg, err := demoConfig(dir, l.Addr().String())
		if err != nil {
			return err
		}
		defer os.RemoveAll(filepath.Dir(cfg.Admin.Socket))
		h, wrong := host.New(cfg, log)
		if len(wrong) > 0 {
			wrong.Print(os.Stderr)
			return cli.Exit("the examples do not load", exitFailed)
		}
		ctx, stop := untilSignal(c.Context)
		defer stop()
		if d := c.Duration("duration"); d > 0 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, d)
			defer cancel()
		}
		fmt.Fprintf(c.App.Writer, "the SMSC listens on %s; the scripts are in %s: edit one and watch\nesmehost status --admin %s shows the binds; Ctrl-C ends\n\n",
			l.Addr(), dir, cfg.Admin.Socket)
		view := &view{w: c.App.Writer}
		sim := smsc.New(smsc.Config{ReceiptDelay: time.Second, MORate: c.Float64("rate"), Observe: view.show,
			MOTexts: []string{"hello", "HELP", "JOIN", "what is new?", "COUNT", "LEAVE"}})
		simCtx, stopSim := context.WithCancel(context.Background())
		var simulator sync.WaitGroup
		simulator.Go(func() { sim.Serve(simCtx, l) })
		err = h.Run(ctx, nil)
		stopSim()
		simulator.Wait()
		return err
	},
}

// exampleDir is the folder of the examples: the checkout's, or a copy of those in the binary.
func exampleDir() (dir string, cleanup func(), err error) {
	if dir, err = filepath.Abs("examples/lua"); err == nil {
		if _, err := os.Stat(filepath.Join(dir, "echo", "echo.lua")); err == nil {
			return dir, func() {}, nil
		}
	}
	tmp, err := os.MkdirTemp("", "esmehost-demo-")
	if err != nil {
		return "", nil, err
	}
	if err := os.CopyFS(tmp, examples.Lua); err != nil {
		return "", nil, err
	}
	return filepath.Join(tmp, "lua"), func() { os.RemoveAll(tmp) }, nil
}

// demoConfig puts the binds of all examples into one configuration, bound to the simulator.
func demoConfig(dir, smscAddress string) (*host.Config, error) {
	files, err := fs.Glob(os.DirFS(dir), "*/esmehost.yaml")
	if err != nil {
		return nil, err
	}
	tmp, err := os.MkdirTemp("", "esmehost-")
	if err != nil {
		return nil, err
	}
	all := &host.Config{Path: "demo", Scripts: dir, Watch: "auto", ShutdownLimit: 10 * time.Second,
		Admin: host.Admin{Socket: filepath.Join(tmp, "demo.sock")}}
	for _, f := range files {
		cfg, wrong := host.LoadConfig(filepath.Join(dir, f))
		if len(wrong) > 0 {
			wrong.Print(os.Stderr)
			return nil, cli.Exit("an example's configuration is wrong", exitFailed)
		}
		for _, b := range cfg.Binds {
			b.Script = path.Join(path.Dir(f), b.Script)
			b.SMSC = []string{smscAddress}
			all.Binds = append(all.Binds, b)
		}
	}
	return all, nil
}

// view prints the messages that pass, one a line.
type view struct {
	mu sync.Mutex
	w  io.Writer
}

func (v *view) show(e smsc.Event) {
	line := describe(e.PDU)
	if line == "" {
		return
	}
	arrow := "SMSC -> %-13s"
	if e.Received {
		arrow = "SMSC <- %-13s"
	}
	name := e.SystemID
	if name == "" {
		name = e.PDU.Str(pdu.FieldSystemID) // it is binding
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	fmt.Fprintf(v.w, "%s  "+arrow+"  %s\n", time.Now().Format("15:04:05.000"), name, line)
}

// describe says what a message says; "" for what is not shown.
func describe(p *pdu.PDU) string {
	switch p.CommandID() {
	case pdu.CmdSubmitSM, pdu.CmdDeliverSM:
		if r, ok := p.Receipt(); ok {
			return fmt.Sprintf("receipt      %s is %s", r.ID, r.Stat)
		}
		text, _ := p.Text()
		return fmt.Sprintf("%-11s  %s to %s: %q", p.CommandID(), p.Str(pdu.FieldSourceAddr), p.Str(pdu.FieldDestinationAddr), text)
	case pdu.CmdSubmitSMResp:
		return fmt.Sprintf("%-11s  id %s %s", "submit_resp", p.Str(pdu.FieldMessageID), p.CommandStatus())
	case pdu.CmdBindTransceiver, pdu.CmdBindTransmitter, pdu.CmdBindReceiver, pdu.CmdUnbind:
		return p.CommandID().String()
	case pdu.CmdDeliverSMResp:
		if p.CommandStatus() != pdu.ESME_ROK {
			return "deliver_resp " + p.CommandStatus().String()
		}
	}
	return ""
}
