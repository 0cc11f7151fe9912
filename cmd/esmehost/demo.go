package main

import (
	"context"
	"errors"
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
	Description: "Starts the SMSC simulator and a host with the examples echo, autoresponder and bulk bound to it, and shows the messages\n" +
		"that pass. The scripts are a copy: edit one and see the next answers change. One of them, friday.lua, is saved by the demo\n" +
		"itself: well, with a mistake, and with one that shows only when it runs.\n\nExample: esmehost demo --rate 2 --duration 30s",
	Flags: append([]cli.Flag{
		&cli.Float64Flag{Name: "rate", Value: 0.5, Usage: "messages a second that each bind is sent"},
		&cli.StringFlag{Name: "dir", Usage: "folder for the copy of the examples, which is kept; one that is there already is used as it is", DefaultText: "a temporary one"},
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
		dir, cleanup, err := exampleDir(c.String("dir"))
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
		view := newView(c.App.Writer)
		sim := smsc.New(smsc.Config{ReceiptDelay: time.Second, MORate: c.Float64("rate"), Observe: view.show,
			MOTexts: []string{"hello", "HELP", "JOIN", "what is new?", "COUNT", "LEAVE"}})
		simCtx, stopSim := context.WithCancel(context.Background())
		var simulator, showing sync.WaitGroup
		simulator.Go(func() { sim.Serve(simCtx, l) })
		var showErr error
		showing.Go(func() { showErr = (&show{filepath.Join(dir, showBind, showBind+".lua"), h, view}).run(ctx) })
		err = h.Run(ctx, nil)
		stopSim()
		simulator.Wait()
		showing.Wait()
		return errors.Join(err, showErr)
	},
}

// exampleDir is a folder with a copy of the examples, and with one of echo that is the demo's own to edit.
func exampleDir(dir string) (_ string, cleanup func(), err error) {
	cleanup = func() {}
	if dir == "" {
		if dir, err = os.MkdirTemp("", "esmehost-demo-"); err != nil {
			return "", nil, err
		}
		cleanup = func() { os.RemoveAll(dir) }
		defer func() {
			if err != nil {
				cleanup()
			}
		}()
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return "", nil, err
	}
	if _, err := os.Stat(filepath.Join(dir, "echo", "echo.lua")); err != nil {
		lua, err := fs.Sub(examples.Lua, "lua")
		if err != nil {
			return "", nil, err
		}
		if err := os.CopyFS(dir, lua); err != nil {
			return "", nil, err
		}
	}
	src, err := fs.ReadFile(examples.Lua, "lua/echo/echo.lua")
	if err == nil {
		err = os.MkdirAll(filepath.Join(dir, showBind), 0o755)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, showBind, showBind+".lua"), src, 0o644)
	}
	return dir, cleanup, err
}

// demoExamples are those that need nothing but an SMSC.
var demoExamples = []string{"echo", "autoresponder", "bulk"}

// demoConfig puts the binds of the examples into one configuration, bound to the simulator.
func demoConfig(dir, smscAddress string) (*host.Config, error) {
	tmp, err := os.MkdirTemp("", "esmehost-")
	if err != nil {
		return nil, err
	}
	all := &host.Config{Path: "demo", Scripts: dir, Watch: "auto", ShutdownLimit: 10 * time.Second,
		Admin: host.Admin{Socket: filepath.Join(tmp, "demo.sock")}}
	for _, example := range demoExamples {
		cfg, wrong := host.LoadConfig(filepath.Join(dir, example, "esmehost.yaml"))
		if len(wrong) > 0 {
			wrong.Print(os.Stderr)
			return nil, cli.Exit("an example's configuration is wrong", exitFailed)
		}
		for _, b := range cfg.Binds {
			b.Script = path.Join(example, b.Script)
			b.SMSC = []string{smscAddress}
			all.Binds = append(all.Binds, b)
			if b.Name == "echo" {
				b.Name, b.ESME.SystemID, b.Script = showBind, showBind, path.Join(showBind, showBind+".lua")
				b.ErrorIntensity.Count = 2 // of messages there are few
				all.Binds = append(all.Binds, b)
			}
		}
	}
	return all, nil
}

// view prints the messages that pass, one a line.
type view struct {
	mu       sync.Mutex
	w        io.Writer
	answered map[string]int // messages that came from a bind
	more     chan struct{}  // closed and made anew when one comes
}

func newView(w io.Writer) *view {
	return &view{w: w, answered: map[string]int{}, more: make(chan struct{})}
}

func (v *view) say(line string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	fmt.Fprintln(v.w, line)
}

// answers waits until n more messages have come from the bind. It reports false when ctx ended before.
func (v *view) answers(ctx context.Context, bind string, n int) bool {
	for want := 0; ; {
		v.mu.Lock()
		have, more := v.answered[bind], v.more
		v.mu.Unlock()
		if want == 0 {
			want = have + n
		}
		if have >= want {
			return true
		}
		select {
		case <-more:
		case <-ctx.Done():
			return false
		}
	}
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
	if e.Received && e.PDU.CommandID() == pdu.CmdSubmitSM {
		v.answered[name]++
		close(v.more)
		v.more = make(chan struct{})
	}
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
