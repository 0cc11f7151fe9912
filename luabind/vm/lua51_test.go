package vm

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const lua51 = "../testdata/lua51"

// The parts of the language that are kept mean what the reference manual of Lua 5.1 says: each file prints what
// PUC's lua5.1 printed.
func TestLua51(t *testing.T) {
	for _, file := range lua51Files(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			var out strings.Builder
			lib := NewLibrary(func(_ *State, text string) { out.WriteString(text + "\n") })
			prog, wrong := Compile(lua51, filepath.Base(file), lib)
			if len(wrong) > 0 {
				t.Fatal(wrong)
			}
			s := NewState(lib, prog, Limits{LoadTime: time.Minute}, nil, Hooks{})
			defer s.Close()
			s.Lock()
			defer s.Unlock()
			if _, err := s.Load(); err != nil {
				t.Fatal(err, err.Traceback)
			}
			compareLines(t, file, out.String(), expected(t, file))
		})
	}
}

// The original prints it too. It is needed in CI.
func TestLua51OfPUC(t *testing.T) {
	lua, err := exec.LookPath("lua5.1")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("lua5.1 is not installed (Debian: apt-get install lua5.1)")
		}
		t.Skip("lua5.1 is not installed (Debian: apt-get install lua5.1)")
	}
	for _, file := range lua51Files(t) {
		out, err := exec.Command(lua, file).Output()
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if !bytes.Equal(out, []byte(expected(t, file))) {
			compareLines(t, file, expected(t, file), string(out))
		}
	}
}

func lua51Files(t *testing.T) []string {
	t.Helper()
	files, _ := filepath.Glob(lua51 + "/*.lua")
	if len(files) < 10 {
		t.Fatalf("only %d files", len(files))
	}
	return files
}

func expected(t *testing.T, file string) string {
	t.Helper()
	out, err := os.ReadFile(strings.TrimSuffix(file, ".lua") + ".out")
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func compareLines(t *testing.T, file, got, want string) {
	t.Helper()
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range max(len(g), len(w)) {
		var a, b string
		if i < len(g) {
			a = g[i]
		}
		if i < len(w) {
			b = w[i]
		}
		if a != b {
			t.Errorf("%s, line %d of its output:\ngot  %q\nwant %q", filepath.Base(file), i+1, a, b)
		}
	}
}
