package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) { testscript.Main(m, map[string]func(){"esmehost": main, "peer": peer}) }

func TestScripts(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(e *testscript.Env) error {
			e.Setenv("ROOT", root)
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){"until": until, "replace": replace},
	})
}

// The scripts run beside each other: no two of them may listen on the same port.
func TestScriptsShareNoPort(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	owner := map[string]string{}
	for _, name := range files {
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`:(2[34]\d{3})\b`).FindAllSubmatch(src, -1) {
			port := string(m[1])
			if other, taken := owner[port]; taken && other != name {
				t.Errorf("%s and %s share port %s", other, name, port)
			}
			owner[port] = name
		}
	}
}

// until REGEXP COMMAND...: runs the command again and again until its output matches, for 20 s at most.
// With "file:NAME" in the place of a command, the file is read instead.
func until(ts *testscript.TestScript, _ bool, args []string) {
	want := regexp.MustCompile(args[0])
	var out []byte
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); <-time.After(20 * time.Millisecond) {
		if name, ok := bytes.CutPrefix([]byte(args[1]), []byte("file:")); ok {
			out, _ = os.ReadFile(ts.MkAbs(string(name)))
		} else {
			cmd := exec.Command(args[1], args[2:]...)
			cmd.Dir = ts.MkAbs(".")
			cmd.Env = append(os.Environ(), "PATH="+ts.Getenv("PATH"))
			out, _ = cmd.CombinedOutput()
		}
		if want.Match(out) {
			return
		}
	}
	ts.Fatalf("no %q; last seen:\n%s", args[0], out)
}

// replace OLD NEW FILE changes a file, as a save does.
func replace(ts *testscript.TestScript, _ bool, args []string) {
	path := ts.MkAbs(args[2])
	src, err := os.ReadFile(path)
	ts.Check(err)
	if !bytes.Contains(src, []byte(args[0])) {
		ts.Fatalf("%s has no %q", args[2], args[0])
	}
	ts.Check(os.WriteFile(path, bytes.ReplaceAll(src, []byte(args[0]), []byte(args[1])), 0o644))
}
