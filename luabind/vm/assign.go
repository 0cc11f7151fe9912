package vm

import (
	"fmt"

	"github.com/yuin/gopher-lua/ast"
)

// together rewrites an assignment of several variables so that all is evaluated before anything is assigned
// (reference manual 2.4.3). The compiler reads variables where they are: `x, y = y, x` gives both the
// same value.
//
//	x, t[i] = y, x   becomes   do local o, k = t, i; local a, b = y, x; t[k] ... end
func together(s *ast.AssignStmt) ast.Stmt {
	var before, names []string
	var parts []ast.Expr
	line := s.Line()
	temporary := func(kind string, i int) *ast.IdentExpr {
		e := &ast.IdentExpr{Value: fmt.Sprintf("(%s %d)", kind, i)} // no script can write this name
		at(e, line)
		return e
	}
	block := &ast.DoBlockStmt{}
	var assigns []ast.Stmt
	for i, lhs := range s.Lhs {
		if get, ok := lhs.(*ast.AttrGetExpr); ok {
			object, key := temporary("object", i), temporary("key", i)
			before = append(before, object.Value)
			parts = append(parts, get.Object)
			get.Object = object
			if _, constant := get.Key.(*ast.StringExpr); !constant {
				before = append(before, key.Value)
				parts = append(parts, get.Key)
				get.Key = key
			}
		}
		value := temporary("value", i)
		names = append(names, value.Value)
		assign := &ast.AssignStmt{Lhs: []ast.Expr{lhs}, Rhs: []ast.Expr{value}}
		at(assign, line)
		assigns = append([]ast.Stmt{assign}, assigns...) // from the right, as Lua does
	}
	for i, e := range parts { // one value each
		parts[i] = single(e)
	}
	if len(before) > 0 {
		local := &ast.LocalAssignStmt{Names: before, Exprs: parts}
		at(local, line)
		block.Stmts = append(block.Stmts, local)
	}
	values := &ast.LocalAssignStmt{Names: names, Exprs: s.Rhs}
	at(values, line)
	block.Stmts = append(append(block.Stmts, values), assigns...)
	at(block, line)
	return block
}

func at(n ast.PositionHolder, line int) {
	n.SetLine(line)
	n.SetLastLine(line)
}

// single is e where it gives one value.
func single(e ast.Expr) ast.Expr {
	switch e := e.(type) {
	case *ast.FuncCallExpr:
		e.AdjustRet = true
	case *ast.Comma3Expr:
		e.AdjustRet = true
	}
	return e
}
