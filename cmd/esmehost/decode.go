package main

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/esmehost/esmehost/pdu"
)

var decodeCommand = &cli.Command{
	Name: "decode", Usage: "explain a PDU, field by field", ArgsUsage: "[HEX...]",
	Description: "HEX may have spaces and colons. Without it, each line of standard input is one PDU.\n" +
		"Exit 1 when one cannot be decoded.\n\nExample: esmehost decode 00000010000000150000000000000001",
	Flags: []cli.Flag{jsonFlag},
	Action: func(c *cli.Context) error {
		failed := 0
		one := func(text string) error {
			octets, err := hex.DecodeString(strings.NewReplacer(" ", "", ":", "", "\t", "", "\n", "").Replace(strings.TrimPrefix(text, "0x")))
			if err != nil {
				return usage("'%.40s' is no hex: %v", text, err)
			}
			e := pdu.Explain(octets)
			if e.Error != "" {
				failed++
			}
			if c.Bool("json") {
				return json.NewEncoder(c.App.Writer).Encode(e)
			}
			return e.WriteText(c.App.Writer)
		}
		if c.NArg() > 0 {
			if err := one(strings.Join(c.Args().Slice(), "")); err != nil {
				return err
			}
		} else {
			in := bufio.NewScanner(os.Stdin)
			in.Buffer(nil, 1<<20)
			for in.Scan() {
				if line := strings.TrimSpace(in.Text()); line != "" {
					if err := one(line); err != nil {
						return err
					}
				}
			}
			if err := in.Err(); err != nil {
				return err
			}
		}
		if failed > 0 {
			return cli.Exit(fmt.Sprintf("%d %s malformed", failed, plural(failed, "PDU")), exitFailed)
		}
		return nil
	},
}
