package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/esmehost/esmehost/luabind"
)

var docCommand = &cli.Command{
	Name:      "doc",
	Usage:     "show what the reference of the Lua API says",
	ArgsUsage: "NAME",
	Description: "NAME is a module (json), a function (esme.send_pdu, p:with), a kind of object (PDU) or a\n" +
		"callback (handle_pdu).\n\nExample: esmehost doc esme.send_pdu",
	Action: func(c *cli.Context) error {
		if c.NArg() != 1 {
			return usage("doc takes one name, such as json, esme.send_pdu or handle_pdu")
		}
		text, err := luabind.Help(c.Args().First())
		if err != nil {
			return cli.Exit(strings.TrimPrefix(err.Error(), "not_found: "), exitFailed)
		}
		fmt.Fprint(c.App.Writer, text)
		return nil
	},
}

var typesCommand = &cli.Command{
	Name:      "types",
	Usage:     "write the types of the Lua API, for editors with the Lua language server",
	ArgsUsage: "[DIR]",
	Description: "Writes DIR/.luarc.json, unless there is one, and DIR/.esmehost/types. DIR is the current\n" +
		"folder unless given. Run it again after an update of esmehost.\n\nExample: esmehost types scripts",
	Action: func(c *cli.Context) error {
		dir := "."
		switch c.NArg() {
		case 0:
		case 1:
			dir = c.Args().First()
		default:
			return usage("types takes one folder at most")
		}
		types := filepath.Join(dir, ".esmehost", "types")
		if err := os.MkdirAll(types, 0o755); err != nil {
			return err
		}
		for name, text := range luabind.EditorTypes() {
			if err := os.WriteFile(filepath.Join(types, name), []byte(text), 0o644); err != nil {
				return err
			}
		}
		fmt.Fprintln(c.App.Writer, "wrote "+types)
		settings := filepath.Join(dir, ".luarc.json")
		f, err := os.OpenFile(settings, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if os.IsExist(err) {
			fmt.Fprintf(c.App.Writer, "kept %s: it must name .esmehost/types in workspace.library\n", settings)
			return nil
		}
		if err != nil {
			return err
		}
		defer f.Close()
		fmt.Fprintln(c.App.Writer, "wrote "+settings)
		_, err = f.WriteString(luabind.EditorSettings(".esmehost/types"))
		return err
	},
}
