package vm

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The branches of an if stand beside each other: they are bounded, but not as what is nested.
func TestBranches(t *testing.T) {
	for _, tt := range []struct {
		branches int
		wrong    string
	}{{1000, ""}, {1001, "main.lua:1001: the if, with those around it, has more than 1000 branches; look the case up in a table"}, {30_000, "main.lua:1001: the if, with those around it, has more than 1000 branches; look the case up in a table"}} {
		var src strings.Builder
		src.WriteString("local x = 1 if x == 0 then return {}\n")
		for i := range tt.branches - 1 {
			fmt.Fprintf(&src, "elseif x == %d then x = 0\n", i)
		}
		src.WriteString("else x = 2 end return { f = function() return x end }\n")
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "main.lua"), []byte(src.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, wrong := Compile(dir, "main.lua", testLibrary); wrong.Error() != tt.wrong {
			t.Errorf("%d branches: %.200s", tt.branches, wrong.Error())
		}
	}
}

// Those of an if in the last branch of another count together, those beside it do not.
func TestBranchesInBranches(t *testing.T) {
	chain := "if x == 0 then x = 1\n" + strings.Repeat("elseif x == 2 then x = 3\n", 399)
	beside := chain + "end\n"
	within := chain + "else " + beside + "end\n"
	for _, tt := range []struct{ src, wrong string }{
		{beside + beside + beside, ""},
		{within + within, ""},
		{chain + "else " + within + "end\n", "main.lua:1001: the if, with those around it, has more than 1000 branches; look the case up in a table"},
	} {
		src := "local x = 1 " + tt.src + "return { f = function() return x end }\n"
		_, wrong := CompileFrom(func(string) ([]byte, error) { return []byte(src), nil }, "main.lua", testLibrary)
		if wrong.Error() != tt.wrong {
			t.Errorf("%.200s", wrong.Error())
		}
	}
}
