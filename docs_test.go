package esmehost

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/esmehost/esmehost/host"
	"github.com/esmehost/esmehost/luabind"
	"github.com/esmehost/esmehost/scripts"
)

var block = regexp.MustCompile("(?s)```(\\w+)\n(.*?)```")

// Every script in the documentation loads, every configuration is right, and every command stands in a test
// of the built binary, or is a target of the Makefile.
func TestDocs(t *testing.T) {
	files, _ := filepath.Glob("docs/*.md")
	files = append(files, "README.md")
	tried := ""
	tests, _ := filepath.Glob("cmd/esmehost/testdata/*.txt")
	for _, f := range append(tests, "Makefile") {
		src, _ := os.ReadFile(f)
		tried += string(src)
	}
	blocks := 0
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range block.FindAllStringSubmatch(string(src), -1) {
			blocks++
			switch kind, text := m[1], m[2]; kind {
			case "lua":
				dir := t.TempDir()
				write(t, filepath.Join(dir, "new.lua"), text)
				prog, wrong := luabind.Compile(dir, "new.lua")
				if len(wrong) > 0 {
					t.Errorf("%s: %v", file, wrong)
				} else if err := luabind.NewBind(luabind.Options{Name: "docs"}, prog).Check(); err != nil {
					t.Errorf("%s: %v", file, err)
				}
			case "yaml":
				dir := t.TempDir()
				write(t, filepath.Join(dir, "new.lua"), scripts.New)
				if _, wrong := host.ParseConfig(filepath.Join(dir, "esmehost.yaml"), []byte(text), os.LookupEnv); len(wrong) > 0 {
					t.Errorf("%s: %v", file, wrong)
				}
			case "sh":
				for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
					if target, ok := strings.CutPrefix(line, "make "); ok {
						line = target + ": ##"
					}
					if !strings.Contains(tried, line) {
						t.Errorf("%s: no test runs: %s", file, line)
					}
				}
			default:
				t.Errorf("%s: a block of %s is run by nothing", file, kind)
			}
		}
	}
	if blocks < 5 {
		t.Fatalf("only %d blocks were found", blocks)
	}
	readme, _ := os.ReadFile("README.md")
	if !strings.Contains(string(readme), scripts.New) {
		t.Error("the first script of the README is not scripts/new.lua")
	}
}

var link = regexp.MustCompile(`\]\(([^)#:]+)(?:#[^)]*)?\)`)

// Every link to a file leads to one.
func TestLinksOfTheDocs(t *testing.T) {
	files, _ := filepath.Glob("docs/*.md")
	reference, _ := filepath.Glob("docs/lua/*.md")
	readmes, _ := filepath.Glob("examples/lua/*/README.md")
	links := 0
	for _, file := range slices.Concat(files, reference, readmes, []string{"README.md"}) {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(block.ReplaceAllString(string(src), ""), -1) {
			links++
			if _, err := os.Stat(filepath.Join(filepath.Dir(file), m[1])); err != nil {
				t.Errorf("%s: the link %s leads nowhere", file, m[1])
			}
		}
	}
	if links < 50 {
		t.Fatalf("only %d links were found", links)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
