package vm

import "github.com/yuin/gopher-lua/ast"

// The compiler shortens jumps that lead to jumps, one after the other, and takes one that it has shortened
// already for one that it has not (compile.go, patchCode). So a loop whose first instruction is a jump goes
// back to anywhere. Such jumps come from constants in conditions, which are folded here, and from break and
// goto at the beginning of a loop, which get an instruction before them.

// truth says what a constant counts for in a condition.
func truth(e ast.Expr) (value, constant bool) {
	switch e.(type) {
	case *ast.FalseExpr, *ast.NilExpr:
		return false, true
	case *ast.TrueExpr, *ast.NumberExpr, *ast.StringExpr:
		return true, true
	}
	return false, false
}

// foldLogical is e without a constant before its operator.
func foldLogical(e *ast.LogicalOpExpr) ast.Expr {
	value, constant := truth(e.Lhs)
	switch {
	case !constant:
		return e
	case value == (e.Operator == "and"):
		return single(e.Rhs)
	}
	return e.Lhs
}

// foldNot is e, or what it is of a constant.
func foldNot(e *ast.UnaryNotOpExpr) ast.Expr {
	value, constant := truth(e.Expr)
	if !constant {
		return e
	}
	var folded ast.Expr = &ast.TrueExpr{}
	if value {
		folded = &ast.FalseExpr{}
	}
	folded.SetLine(e.Line())
	folded.SetLastLine(e.LastLine())
	return folded
}

// foldIf is s, or the block that is run when its condition is a constant.
func foldIf(s *ast.IfStmt) ast.Stmt {
	value, constant := truth(s.Condition)
	if !constant {
		return s
	}
	block := &ast.DoBlockStmt{Stmts: s.Else}
	if value {
		block.Stmts = s.Then
	}
	at(block, s.Line())
	return block
}

// foldWhile is s, or nothing when it never runs.
func foldWhile(s *ast.WhileStmt) ast.Stmt {
	if value, constant := truth(s.Condition); constant && !value {
		block := &ast.DoBlockStmt{}
		at(block, s.Line())
		return block
	}
	s.Stmts = started(s.Stmts)
	return s
}

// started is the body of a loop, or what follows a label, with an instruction before a jump.
func started(stmts []ast.Stmt) []ast.Stmt {
	if !startsWithJump(stmts) {
		return stmts
	}
	nothing := &ast.LocalAssignStmt{Names: []string{"(nothing)"}}
	at(nothing, stmts[0].Line())
	return append([]ast.Stmt{nothing}, stmts...)
}

// labelled is a block with an instruction before a jump that follows a label: a goto may come back to it.
func labelled(stmts []ast.Stmt) []ast.Stmt {
	for i := len(stmts) - 1; i >= 0; i-- {
		if _, ok := stmts[i].(*ast.LabelStmt); ok {
			stmts = append(stmts[:i+1:i+1], started(stmts[i+1:])...)
		}
	}
	return stmts
}

func startsWithJump(stmts []ast.Stmt) bool {
	for _, s := range stmts {
		switch s := s.(type) {
		case *ast.BreakStmt, *ast.GotoStmt:
			return true
		case *ast.LabelStmt:
			continue
		case *ast.DoBlockStmt:
			if startsWithJump(s.Stmts) {
				return true
			}
			if len(s.Stmts) == 0 {
				continue
			}
		case *ast.WhileStmt:
			_, constant := truth(s.Condition)
			return constant && (len(s.Stmts) == 0 || startsWithJump(s.Stmts))
		case *ast.RepeatStmt:
			_, constant := truth(s.Condition)
			return startsWithJump(s.Stmts) || len(s.Stmts) == 0 && constant
		}
		return false
	}
	return false
}
