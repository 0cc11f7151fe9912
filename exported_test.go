package esmehost

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// The libraries explain all that they export: types, functions, methods, and groups of constants.
func TestExportedIsDocumented(t *testing.T) {
	for _, dir := range []string{"esme", "pdu", "smsc"} {
		files, _ := filepath.Glob(filepath.Join(dir, "*.go"))
		set, seen := token.NewFileSet(), 0
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			src, err := parser.ParseFile(set, file, nil, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			check := func(name *ast.Ident, docs ...*ast.CommentGroup) {
				if !name.IsExported() {
					return
				}
				seen++
				for _, d := range docs {
					if d.Text() != "" {
						return
					}
				}
				t.Errorf("%s: %s has no comment", set.Position(name.Pos()), name)
			}
			for _, d := range src.Decls {
				switch d := d.(type) {
				case *ast.FuncDecl:
					if d.Recv == nil || exportedType(d.Recv.List[0].Type) {
						check(d.Name, d.Doc)
					}
				case *ast.GenDecl:
					for _, spec := range d.Specs {
						switch spec := spec.(type) {
						case *ast.TypeSpec:
							check(spec.Name, spec.Doc, d.Doc, spec.Comment)
						case *ast.ValueSpec:
							for _, name := range spec.Names {
								check(name, spec.Doc, d.Doc, spec.Comment)
							}
						}
					}
				}
			}
		}
		if seen < 5 {
			t.Errorf("%s: only %d exported names were found", dir, seen)
		}
	}
}

// exportedType reports whether the receiver of a method is exported.
func exportedType(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.StarExpr:
		return exportedType(e.X)
	case *ast.IndexExpr:
		return exportedType(e.X)
	case *ast.Ident:
		return e.IsExported()
	}
	return false
}
