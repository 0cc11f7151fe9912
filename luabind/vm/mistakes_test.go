package vm

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// However much is wrong in a file, what is said about it stays short.
func TestMistakesAreBounded(t *testing.T) {
	for _, tt := range []struct {
		name, src string
		most      int
	}{
		{"nested too deep", "local x = 'a' x = x" + strings.Repeat(" .. x", 20_000), 1},
		{"names that nothing declares", "local x = {" + strings.Repeat("nothing,", 20_000) + "}", maxWrong},
	} {
		_, wrong := CompileFrom(func(string) ([]byte, error) { return []byte(tt.src + "\n"), nil }, "main.lua", testLibrary)
		var said strings.Builder
		wrong.Print(&said)
		if len(wrong) != tt.most || said.Len() > tt.most*1000 {
			t.Errorf("%s: %d mistakes in %d octets", tt.name, len(wrong), said.Len())
		}
	}
}

func TestAFIFOIsNoScript(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(dir, "main.lua"), 0o600); err != nil {
		t.Skip(err)
	}
	if _, wrong := Compile(dir, "main.lua", testLibrary); wrong.Error() != "main.lua: cannot read the script: it is no plain file" {
		t.Error(wrong.Error())
	}
}
