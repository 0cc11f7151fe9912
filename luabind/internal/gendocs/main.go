// Command gendocs writes the reference of the Lua API and the types for editors from the declarations.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/esmehost/esmehost/luabind"
)

func main() {
	for dir, files := range map[string]map[string]string{"../docs/lua": luabind.Reference(), "../scripts/types": luabind.EditorTypes()} {
		if err := write(dir, files); err != nil {
			fmt.Fprintln(os.Stderr, "gendocs:", err)
			os.Exit(1)
		}
	}
}

// write makes the folder hold these files and no others of their kind.
func write(dir string, files map[string]string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	there, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range there {
		if name := e.Name(); files[name] == "" && (strings.HasSuffix(name, ".md") || strings.HasSuffix(name, ".lua")) {
			if err := os.Remove(filepath.Join(dir, name)); err != nil {
				return err
			}
		}
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}
