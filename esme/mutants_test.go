package esme

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// mutant is a way to break the machine.
type mutant struct{ file, wrong, old, new string }

// mutantsOf reads testdata/mutants.txt.
func mutantsOf(t *testing.T) (all []mutant) {
	t.Helper()
	text, err := os.ReadFile("testdata/mutants.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range strings.Split(string(text), "\n== ")[1:] {
		head, body, _ := strings.Cut(block, "\n")
		file, wrong, _ := strings.Cut(head, " ")
		m := mutant{file: file, wrong: wrong}
		for line := range strings.Lines(body) {
			line = strings.TrimSuffix(line, "\n")
			switch {
			case strings.HasPrefix(line, "-"):
				m.old += line[1:] + "\n"
			case strings.HasPrefix(line, "+"):
				m.new += line[1:] + "\n"
			case line != "":
				t.Fatalf("testdata/mutants.txt: %s: neither - nor +: %q", head, line)
			}
		}
		m.old, m.new = strings.TrimSuffix(m.old, "\n"), strings.TrimSuffix(m.new, "\n")
		all = append(all, m)
	}
	return all
}

// apply returns the file as it is with the mutant in it.
func (m mutant) apply(t *testing.T) string {
	t.Helper()
	source, err := os.ReadFile(m.file)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(source), m.old); n != 1 {
		t.Errorf("testdata/mutants.txt: %s %s: what it replaces stands %d times in the file, not once:\n%s", m.file, m.wrong, n, m.old)
	}
	return strings.Replace(string(source), m.old, m.new, 1)
}

// machineAlone are the files that a machine is made of, and its tests, which need no network and no clock. What they
// mention of the session is in machineStub: so each mutant is built in a second.
var machineAlone = strings.Fields(`bucket_test.go chunk.go config.go errors.go event.go fact_test.go fuzz_test.go handler.go hold.go hold_test.go
	inbox.go inbox_test.go ledger_test.go lengths_test.go machine.go machine_edges_test.go machine_links_test.go machine_rules_test.go machine_test.go pace.go program_peer_test.go
	program_shell_test.go program_test.go reason.go receive.go scenarios_test.go scenarios_wait_test.go send.go throttle.go throttle_slow_test.go
	throttle_test.go timers.go tune.go tune_test.go window.go`)

const machineStub = `package esme

type TLS struct{}
type Session struct{}
type From struct{}

func (*From) Reply(any) bool { return true }
`

// The tests of the machine notice each way to break it that testdata/mutants.txt lists. Without MUTANTS the list is only held
// against the source; a number in it says how many are tried, taken by chance, "all" all, and a regular expression those whose file and words it matches.
func TestMutants(t *testing.T) {
	all := mutantsOf(t)
	for _, m := range all {
		m.apply(t)
	}
	which := os.Getenv("MUTANTS")
	if which == "" || t.Failed() {
		return
	}
	if n, err := strconv.Atoi(which); err == nil {
		seed := uint64(time.Now().UnixNano())
		t.Logf("%d of %d", n, len(all))
		rand.New(rand.NewPCG(seed, 0)).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		all = all[:min(n, len(all))]
	} else if which != "all" {
		chosen := regexp.MustCompile(which)
		all = slices.DeleteFunc(all, func(m mutant) bool { return !chosen.MatchString(m.file + " " + m.wrong) })
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	here, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, text string) string {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return name
	}
	replace := map[string]string{filepath.Join(here, "stub.go"): write("stub.go", machineStub)}
	for _, file := range files {
		if !slices.Contains(machineAlone, file) {
			replace[filepath.Join(here, file)] = ""
		}
	}
	test := func() (noticed bool, out string) {
		overlay, err := json.Marshal(map[string]any{"Replace": replace})
		if err != nil {
			t.Fatal(err)
		}
		b, err := exec.Command("go", "test", "-overlay", write("overlay.json", string(overlay)), "-vet=off", "-ldflags=-s -w",
			"-count=1", "-failfast", "-timeout=1m", "-skip=FindsTheRate", ".").CombinedOutput()
		return err != nil, string(b)
	}
	if noticed, out := test(); noticed {
		t.Fatalf("the machine alone does not pass its tests:\n%s", out)
	}
	failed := regexp.MustCompile(`(?m)^(--- FAIL|panic:)`)
	for _, m := range all {
		t.Run(strings.TrimSuffix(m.file, ".go")+" "+m.wrong, func(t *testing.T) {
			original := filepath.Join(here, m.file)
			replace[original] = write(m.file, m.apply(t))
			defer delete(replace, original)
			switch noticed, out := test(); {
			case !noticed:
				t.Error("no test notices it")
			case !failed.MatchString(out):
				t.Errorf("it does not run:\n%s", out)
			}
		})
	}
}
