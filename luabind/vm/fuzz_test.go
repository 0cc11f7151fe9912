package vm

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/esmehost/esmehost/luabind/vm/vmtest"
)

// FuzzPrograms runs random programs in the sandbox: none makes the machine fail, and none goes on when its
// instructions are used up. What is counted is instructions, not time, so that a busy computer does not
// matter; one builtin may charge a few thousand at once.
func FuzzPrograms(f *testing.F) {
	for _, s := range []string{"", "a", "0123456789", "\xff\xfe\x80\x00", strings.Repeat("\x07\x31\xa5\x11", 50)} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		runWild(t, vmtest.Written(vmtest.Octets(data), true, nil))
	})
}

// The same, with programs that are always there.
func TestWildPrograms(t *testing.T) {
	for seed := range uint64(300) {
		runWild(t, vmtest.Program(seed, true))
	}
}

func runWild(t *testing.T, src string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "main.lua"), []byte(src+"return {}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	prog, wrong := Compile(dir, "main.lua", testLibrary)
	if len(wrong) > 0 {
		t.Fatalf("%v\n%s", wrong, src)
	}
	const most = 200_000
	s := NewState(testLibrary, prog, Limits{LoadInstructions: most, LoadTime: Unlimited, Memory: 64 << 20}, nil, Hooks{})
	defer s.Close()
	s.Lock()
	defer s.Unlock()
	_, err := s.Load()
	if err != nil && err.Kind == Panic {
		t.Fatalf("%v\n%s", err, src)
	}
	if used := s.budget.used(); used > most+maxString {
		t.Fatalf("%d instructions of %d\n%s", used, most, src)
	}
	if used := s.Memory(); used > 2*s.limits.Memory {
		t.Fatalf("%d octets\n%s", used, src)
	}
}

// Tame programs print what PUC's lua5.1 prints.
func TestProgramsAgainstPUC(t *testing.T) {
	lua, err := exec.LookPath("lua5.1")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("lua5.1 is not installed (Debian: apt-get install lua5.1)")
		}
		t.Skip("lua5.1 is not installed (Debian: apt-get install lua5.1)")
	}
	dir := t.TempDir()
	const n = 200
	var all strings.Builder
	for seed := range uint64(n) {
		src := vmtest.Program(seed, false)
		if err := os.WriteFile(filepath.Join(dir, name(seed)), []byte(src+"return {}\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		all.WriteString("print('--'); dofile('" + filepath.Join(dir, name(seed)) + "')\n")
	}
	if err := os.WriteFile(filepath.Join(dir, "all.lua"), []byte(all.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(lua, filepath.Join(dir, "all.lua")).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out[max(0, len(out)-500):])
	}
	want := strings.Split(string(out), "--\n")[1:]
	for seed := range uint64(n) {
		var got strings.Builder
		lib := NewLibrary(func(_ *State, text string) { got.WriteString(text + "\n") })
		prog, wrong := Compile(dir, name(seed), lib)
		if len(wrong) > 0 {
			t.Fatalf("seed %d: %v", seed, wrong)
		}
		s := NewState(lib, prog, Limits{LoadInstructions: Unlimited, LoadTime: Unlimited}, nil, Hooks{})
		s.Lock()
		_, e := s.Load()
		s.Unlock()
		s.Close()
		if e != nil || got.String() != want[seed] {
			t.Errorf("seed %d: %v\ngot\n%s\nwant\n%s\nof\n%s", seed, e, got.String(), want[seed], vmtest.Program(seed, false))
			return
		}
	}
}

func name(seed uint64) string { return "p" + strconv.FormatUint(seed, 10) + ".lua" }
