package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/esmehost/esmehost/host"
)

var adminFlag = &cli.StringFlag{Name: "admin", EnvVars: []string{"ESMEHOST_ADMIN"},
	Usage: "the host's socket path or host:port; else admin.socket of ./esmehost.yaml"}

var tokenFlag = &cli.StringFlag{Name: "token-file", EnvVars: []string{"ESMEHOST_TOKEN_FILE"},
	Usage: "the file with the host's token, where --admin is host:port"}

var jsonFlag = &cli.BoolFlag{Name: "json", Usage: "print JSON, for programs"}

// client talks to a running host.
type client struct {
	http  *http.Client
	at    string
	token string
}

func newClient(c *cli.Context) (*client, error) {
	at := c.String("admin")
	if at == "" {
		a, err := host.FindAdmin(defaultConfig)
		if err != nil {
			return nil, noHost("no host is named: use --admin ADDR, ESMEHOST_ADMIN, or go to the folder of the host's esmehost.yaml\n" + err.Error())
		}
		at = a.Socket
	}
	network := "unix"
	if host, port, err := net.SplitHostPort(at); err == nil && host != "" && port != "" && !strings.Contains(at, "/") {
		network = "tcp"
	}
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, network, at)
	}
	cl := &client{at: at, http: &http.Client{Transport: &http.Transport{DialContext: dial}}}
	if file := c.String("token-file"); file != "" && network == "tcp" {
		token, err := host.ReadToken(file)
		if err != nil {
			return nil, cli.Exit("--token-file: "+err.Error(), exitFailed)
		}
		cl.token = token
	}
	return cl, nil
}

// do asks the host, and reads its answer into v.
func (c *client) do(method, path string, query url.Values, body []byte, v any) error {
	req, err := http.NewRequest(method, "http://localhost"+path+"?"+query.Encode(), bytes.NewReader(body))
	if err != nil {
		return err
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return noHost(fmt.Sprintf("no host answers at %s: is it running? (%v)", c.at, err))
	}
	defer resp.Body.Close()
	out, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		var f host.Failure
		if json.Unmarshal(out, &f) != nil {
			f = host.Failure{Code: resp.Status, Message: strings.TrimSpace(string(out))}
		}
		return &failure{Failure: f}
	}
	return json.Unmarshal(out, v)
}

func noHost(message string) error {
	return &failure{host.Failure{Code: codeNoHost, Message: message}, message}
}

// messageCommand makes call, cast and send: BIND and a JSON value.
func messageCommand(name, what string, flags ...cli.Flag) *cli.Command {
	return &cli.Command{
		Name: name, Usage: what, ArgsUsage: "BIND JSON",
		Description: "JSON is one argument, or - for standard input.\n\nExample: esmehost " + name + ` acme '{"to":"100","text":"hi"}'`,
		Flags:       append([]cli.Flag{adminFlag, tokenFlag}, flags...),
		Action: func(c *cli.Context) error {
			if c.NArg() != 2 {
				return usage("%s takes the name of a bind and a JSON value", name)
			}
			body := []byte(c.Args().Get(1))
			if string(body) == "-" {
				var err error
				if body, err = io.ReadAll(os.Stdin); err != nil {
					return err
				}
			}
			if !json.Valid(body) {
				return usage("the message is no JSON: a text needs its quotes, for instance '\"text\"'")
			}
			cl, err := newClient(c)
			if err != nil {
				return err
			}
			query := url.Values{"bind": {c.Args().First()}}
			if d := c.Duration("timeout"); d > 0 {
				query.Set("timeout", d.String())
			}
			var reply json.RawMessage
			if err := cl.do("POST", "/v1/"+name, query, body, &reply); err != nil {
				return err
			}
			if name == "call" {
				fmt.Fprintln(c.App.Writer, string(reply))
			}
			return nil
		},
	}
}

var (
	callCommand = messageCommand("call", "ask a bind's handle_call and print its reply as JSON",
		&cli.DurationFlag{Name: "timeout", Value: 5 * time.Second, Usage: "how long to wait for the reply"})
	castCommand = messageCommand("cast", "tell a bind's handle_cast")
	sendCommand = messageCommand("send", "send a bind a message (handle_info)")
)
