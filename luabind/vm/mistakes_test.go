package vm

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// each is many times the text, with a number in it.
func each(text string, many int) string {
	var b strings.Builder
	for i := range many {
		fmt.Fprintf(&b, text, i)
	}
	return b.String()
}

// However much is wrong in a file, what is said about it stays short, and it does not take long: some of these took minutes.
func TestMistakesAreBounded(t *testing.T) {
	for _, tt := range []struct {
		name, src string
		most      int
	}{
		{"nested too deep", "local x = 'a' x = x" + strings.Repeat(" .. x", 20_000), 1},
		{"labels", each("::a%d:: ", 90_000) + "return {}", 1},
		{"jumps and labels", each("goto a%d ::a%[1]d:: ", 40_000) + "return {}", 1},
		{"variables of an assignment", "local a = {} a[1]" + strings.Repeat(", a[1]", 150_000) + " = 1 return {}", 1},
		{"files that are required", each("do local x = require 'a%d' end ", 10_000) + "return {}", 1},
		{"files that are not there", each("do local x = require 'gone.a%d' end ", 30_000) + "return {}", maxWrong},
		{"names that nothing declares", "local x = {" + strings.Repeat("nothing,", 20_000) + "}", maxWrong},
	} {
		_, wrong := CompileFrom(func(file string) ([]byte, error) {
			switch {
			case file == "main.lua":
				return []byte(tt.src + "\n"), nil
			case strings.HasPrefix(file, "gone"):
				return nil, fs.ErrNotExist
			}
			return []byte("return {}"), nil
		}, "main.lua", testLibrary)
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
