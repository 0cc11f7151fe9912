package esmehost

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	promised = regexp.MustCompile(`(?m)^- \*\*([A-Z]\d)\*\* |^\| ([A-Z]\d\d) \|`)
	proofRow = regexp.MustCompile("(?m)^\\| ([A-Z]\\d+) \\| (`[^|]+) \\|$")
	proofs   = regexp.MustCompile("^`([a-z/.]+)` (.+)$")
	without  = regexp.MustCompile(`(?m)^\| ((?:[A-Z]\d\d ?)+) \| ([a-z, ]+) \| .+ \|$`)
)

// Every promise and scenario of the contract has tests that prove it: they exist, and those of a scenario are run and have
// a part that bears its id. Each scenario is tried against the machine, over a connection and by a script, or the document says why not.
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
	tests := map[string][]string{}                // by package
	scenarios := map[string]map[string][]string{} // by package and test: the ids that it is said to prove
	from := map[string]map[string]bool{}          // by scenario: where it is tried from
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
			pkg := m[1]
			if tests[pkg] == nil {
				tests[pkg], scenarios[pkg] = testsOf(t, pkg), map[string][]string{}
			}
			for name := range strings.SplitSeq(m[2], ", ") {
				name, script, _ := strings.Cut(name, "/")
				if !slices.Contains(tests[pkg], name) {
					t.Errorf("docs/guarantees.md: %s: package %s has no %s", id, pkg, name)
				}
				if script != "" {
					if _, err := os.Stat(filepath.Join(pkg, "testdata", script+".txt")); err != nil {
						t.Errorf("docs/guarantees.md: %s: %v", id, err)
					}
				}
				if len(id) > 2 {
					scenarios[pkg][name] = append(scenarios[pkg][name], id)
					if from[id] == nil {
						from[id] = map[string]bool{}
					}
					from[id][placeOf(name)] = true
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
	for _, m := range without.FindAllStringSubmatch(string(table), -1) {
		for id := range strings.FieldsSeq(m[1]) {
			for place := range strings.SplitSeq(m[2], ", ") {
				if from[id] == nil || from[id][place] {
					t.Errorf("docs/guarantees.md: %s is said to be without a test of: %s", id, place)
					continue
				}
				from[id][place] = true
			}
		}
	}
	for id, places := range from {
		for _, place := range []string{"machine", "wire", "script"} {
			if !places[place] {
				t.Errorf("docs/guarantees.md: %s has no test of: %s, and no reason for that", id, place)
			}
		}
	}
	for pkg, names := range scenarios {
		if len(names) > 0 {
			runScenarios(t, pkg, names)
		}
	}
}

// placeOf is where a test of scenarios sees them from.
func placeOf(name string) string {
	switch {
	case strings.HasPrefix(name, "TestMachine"):
		return "machine"
	case strings.HasPrefix(name, "TestLua"):
		return "script"
	}
	return "wire"
}

var (
	partLine = regexp.MustCompile(`^(?:=== (?:RUN|NAME|CONT) +(\S+)| +--- (PASS|SKIP): (\S+)| +\w+\.go:\d+: (.*))`)
	bears    = regexp.MustCompile(`(?:^|/|,_)([A-Z]\d\d)_`)
)

// runScenarios runs tests of a package, each of which must pass with parts that bear the ids; those over a connection twice,
// with TLS too.
func runScenarios(t *testing.T, pkg string, want map[string][]string) {
	t.Helper()
	names := []string{}
	for name := range want {
		names = append(names, name)
	}
	slices.Sort(names) // so that go test may have the result still
	out, err := exec.Command("go", "test", "-v", "-run", "^("+strings.Join(names, "|")+")$", "./"+pkg).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", pkg, err, out)
	}
	ran := map[string]bool{}
	for _, full := range partsRan(string(out), os.Getenv("CI") != "true") {
		name, part, _ := strings.Cut(full, "/")
		over, _, _ := strings.Cut(part, "/")
		for _, id := range bears.FindAllStringSubmatch(part, -1) {
			ran[name+" "+id[1]] = true
			ran[name+" "+id[1]+" "+over] = true
		}
	}
	for name, ids := range want {
		for _, id := range ids {
			switch key := name + " " + id; {
			case !ran[key]:
				t.Errorf("docs/guarantees.md: %s: no part of %s %s that bears the id is run", id, pkg, name)
			case strings.HasPrefix(name, "TestTCP") && !(ran[key+" TCP"] && ran[key+" TLS"]):
				t.Errorf("%s: %s %s is not run both over TCP and over TLS", id, pkg, name)
			}
		}
	}
}

// partsRan returns the parts that passed by the output of go test -v, and those that were left out where that is all the
// same (skips), or because of what the machine has not, as they say.
func partsRan(out string, skips bool) (parts []string) {
	lacks, part := map[string]bool{}, ""
	for line := range strings.Lines(out) {
		m := partLine.FindStringSubmatch(line)
		switch {
		case m == nil:
		case m[1] != "":
			part = m[1]
		case m[4] != "":
			lacks[part] = lacks[part] || strings.HasPrefix(m[4], "this machine has no ")
		case m[2] == "PASS" || skips || lacks[m[3]]:
			parts = append(parts, m[3])
		}
	}
	return parts
}

// A part that is left out proves nothing, unless the machine cannot have it.
func TestPartsLeftOut(t *testing.T) {
	const out = `=== RUN   TestX
=== RUN   TestX/A01_passes
=== RUN   TestX/A02_lacks
    x_test.go:53: this machine has no [::1]:0: cannot assign
=== RUN   TestX/A03_left_out
    x_test.go:60: it takes too long
--- PASS: TestX (0.00s)
    --- PASS: TestX/A01_passes (0.00s)
    --- SKIP: TestX/A02_lacks (0.00s)
    --- SKIP: TestX/A03_left_out (0.00s)
    --- FAIL: TestX/A04_fails (0.00s)
`
	for skips, want := range map[bool]string{true: "[TestX/A01_passes TestX/A02_lacks TestX/A03_left_out]", false: "[TestX/A01_passes TestX/A02_lacks]"} {
		if got := fmt.Sprint(partsRan(out, skips)); got != want {
			t.Errorf("skips %v: %s, want %s", skips, got, want)
		}
	}
}

// testsOf returns the names of the tests, fuzz targets, benchmarks and examples of a package.
func testsOf(t *testing.T, dir string) (names []string) {
	t.Helper()
	files, _ := filepath.Glob(filepath.Join(dir, "*_test.go"))
	for _, file := range files {
		src, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range src.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if ok && fn.Recv == nil && regexp.MustCompile(`^(Test|Fuzz|Benchmark|Example)`).MatchString(fn.Name.Name) {
				names = append(names, fn.Name.Name)
			}
		}
	}
	return names
}
