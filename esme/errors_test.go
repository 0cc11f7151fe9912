package esme

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Every Error that is made here says how far the PDU got, but for those of functions in which there is none.
func TestErrorsSayWhetherThePDUWasWritten(t *testing.T) {
	without := map[string]bool{ // no PDU is concerned
		"Bound": true, "Call": true, "post": true, "connector": true, "connectError": true, "tlsError": true,
	}
	unused := maps.Clone(without)
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	in := ""
	look := func(n ast.Node) bool {
		if fn, ok := n.(*ast.FuncDecl); ok {
			in = fn.Name.Name
		}
		made, ok := n.(*ast.CompositeLit)
		if !ok {
			return true
		}
		if name, ok := made.Type.(*ast.Ident); !ok || name.Name != "Error" {
			return true
		}
		seen++
		says := slices.ContainsFunc(made.Elts, func(e ast.Expr) bool {
			kv, ok := e.(*ast.KeyValueExpr)
			return ok && kv.Key.(*ast.Ident).Name == "Written"
		})
		if delete(unused, in); !says && !without[in] {
			t.Errorf("an Error that %s makes does not say how far the PDU got", in)
		}
		return true
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, look)
	}
	if seen < 20 || len(unused) > 0 {
		t.Errorf("%d are made; no longer by %v", seen, slices.Collect(maps.Keys(unused)))
	}
}
