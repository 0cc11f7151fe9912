package esmehost

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var (
	promised = regexp.MustCompile(`(?m)^- \*\*([A-Z]\d)\*\* |^\| ([A-Z]\d\d) \|`)
	proofRow = regexp.MustCompile(`(?m)^\| ([A-Z]\d+) \| (.+) \|$`)
	proofs   = regexp.MustCompile("^`([a-z/]+)` (.+)$")
)

// Every promise and scenario of the contract has tests that prove it, and they exist.
func TestGuarantees(t *testing.T) {
	contract, _ := os.ReadFile("docs/behaviour.md")
	table, _ := os.ReadFile("docs/guarantees.md")
	proved := map[string]string{}
	for _, m := range proofRow.FindAllStringSubmatch(string(table), -1) {
		if proved[m[1]] != "" {
			t.Errorf("docs/guarantees.md: %s has two rows", m[1])
		}
		proved[m[1]] = m[2]
	}
	tests := map[string]map[string][]string{} // by package and name: the texts in it
	for _, m := range promised.FindAllStringSubmatch(string(contract), -1) {
		id := m[1] + m[2]
		row := proved[id]
		if row == "" {
			t.Errorf("docs/guarantees.md: nothing proves %s of docs/behaviour.md", id)
			continue
		}
		delete(proved, id)
		for part := range strings.SplitSeq(row, "; ") {
			m := proofs.FindStringSubmatch(part)
			if m == nil {
				t.Errorf("docs/guarantees.md: %s: %q is no package with tests", id, part)
				continue
			}
			if tests[m[1]] == nil {
				tests[m[1]] = testsOf(t, m[1])
			}
			for name := range strings.SplitSeq(m[2], ", ") {
				name, script, _ := strings.Cut(name, "/")
				texts, ok := tests[m[1]][name]
				bears := func(text string) bool { return strings.Contains(text, id) }
				switch {
				case !ok:
					t.Errorf("docs/guarantees.md: %s: package %s has no %s", id, m[1], name)
				case len(id) > 2 && !slices.ContainsFunc(texts, bears):
					t.Errorf("docs/guarantees.md: %s: no part of %s %s bears the id", id, m[1], name)
				case script != "":
					if _, err := os.Stat(filepath.Join(m[1], "testdata", script+".txt")); err != nil {
						t.Errorf("docs/guarantees.md: %s: %v", id, err)
					}
				}
			}
		}
	}
	for id := range proved {
		t.Errorf("docs/guarantees.md: docs/behaviour.md promises no %s", id)
	}
	if len(tests) < 4 {
		t.Errorf("only %d packages prove anything", len(tests))
	}
}

// testsOf returns the tests, fuzz targets and benchmarks of a package, with the texts that stand in each.
func testsOf(t *testing.T, dir string) map[string][]string {
	t.Helper()
	files, _ := filepath.Glob(filepath.Join(dir, "*_test.go"))
	all := map[string][]string{}
	for _, file := range files {
		src, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range src.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Recv != nil || !regexp.MustCompile(`^(Test|Fuzz|Benchmark|Example)`).MatchString(fn.Name.Name) {
				continue
			}
			all[fn.Name.Name] = []string{}
			ast.Inspect(fn, func(n ast.Node) bool {
				if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
					if text, err := strconv.Unquote(lit.Value); err == nil {
						all[fn.Name.Name] = append(all[fn.Name.Name], text)
					}
				}
				return true
			})
		}
	}
	return all
}
