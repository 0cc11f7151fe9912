package vm

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/yuin/gopher-lua/ast"

	"github.com/esmehost/esmehost/diag"
)

// maxNesting bounds how deep source may be nested: the compiler recurses, and a Go stack that
// overflows cannot be recovered from.
const maxNesting = 200

// maxWrong is how many mistakes of a file are told: who makes more has made one mistake.
const maxWrong = 50

// concatName is the checked concatenation that `..` is rewritten to. No script can write this name.
const concatName = "(concat)"

// What the compiler gets wrong without a word, or takes quadratic time for, is refused.
const (
	maxItems     = 25_000 // of a list in one constructor: 500 batches of 50 have a number of 9 bits
	maxUpvalues  = 255    // of a function: they are counted in an octet
	maxConstants = 20_000 // of a function: each is compared with all others
	maxBranches  = 1000   // of one if and those around it: the compiler goes into each from the one before
	maxLabels    = 1000   // of a file: what follows is looked at for each, and so are all that jump
	maxAssigned  = 200    // variables of one assignment: each takes a register or more
)

// body is a function that the linter is in.
type body struct {
	line      int
	scopes    int // how many scopes are outside of it
	upvalues  map[upvalue]bool
	constants map[string]bool
}

// upvalue is a variable of a function further out.
type upvalue struct {
	scope int
	name  string
}

// linter walks the syntax tree of a file: it finds names that nothing declares, bounds the nesting, and
// rewrites each concatenation into a call of the checked one, since `s = s .. s` doubles memory in
// one instruction.
type linter struct {
	file     string
	src      []byte
	lib      *Library
	scopes   [][]string
	bodies   []*body
	depth    int
	branches int // that the compiler is in
	labels   int
	tooDeep  bool
	wrong    diag.List
	requires []required
}

func (l *linter) report(line int, word, message, remedy string) {
	if l.full() {
		return
	}
	d := diag.Diagnostic{File: l.file, Line: line, Message: message, Remedy: remedy, Source: diag.SourceLine(l.src, line)}
	d.Column, d.Width = diag.Column(l.src, line, word)
	l.wrong = append(l.wrong, d)
}

// full reports whether so much is wrong that the rest of the file is not looked at.
func (l *linter) full() bool { return l.tooDeep || len(l.wrong) >= maxWrong }

// deeper reports whether the walk may go down a level.
func (l *linter) deeper(line int) bool {
	if l.depth++; l.full() {
		return false
	}
	if l.depth < maxNesting {
		return true
	}
	l.stop(line, fmt.Sprintf("nested deeper than %d levels", maxNesting))
	return false
}

// stop reports what makes it pointless to look at the rest.
func (l *linter) stop(line int, message string) {
	l.report(line, "", message, "")
	l.tooDeep = true
}

func (l *linter) chunk(stmts []ast.Stmt) []ast.Stmt { return l.body(1, stmts) }

// body walks the statements of a function.
func (l *linter) body(line int, stmts []ast.Stmt, names ...string) []ast.Stmt {
	b := &body{line: line, scopes: len(l.scopes), upvalues: map[upvalue]bool{}, constants: map[string]bool{}}
	l.bodies = append(l.bodies, b)
	stmts = l.block(stmts, names...)
	l.bodies = l.bodies[:len(l.bodies)-1]
	if n := len(b.upvalues); n > maxUpvalues {
		l.report(line, "", fmt.Sprintf("the function uses %d variables of the functions around it, more than %d", n, maxUpvalues), "put them into a table")
	}
	if len(b.constants) > maxConstants {
		l.report(line, "", fmt.Sprintf("the function has more than %d different constants", maxConstants), "read data from a file or the arguments, or spread it over functions")
	}
	return stmts
}

func (l *linter) constant(s string) {
	if b := l.bodies[len(l.bodies)-1]; len(b.constants) <= maxConstants {
		b.constants[s] = true
	}
}

func (l *linter) declare(names ...string) {
	top := len(l.scopes) - 1
	l.scopes[top] = append(l.scopes[top], names...)
}

// local reports whether a variable of this name can be seen, and notes which functions have it from outside.
func (l *linter) local(name string) bool {
	for i := len(l.scopes) - 1; i >= 0; i-- {
		if !slices.Contains(l.scopes[i], name) {
			continue
		}
		for _, b := range slices.Backward(l.bodies) {
			if b.scopes <= i {
				break
			}
			b.upvalues[upvalue{i, name}] = true
		}
		return true
	}
	return false
}

// block walks statements and returns what takes their place.
func (l *linter) block(stmts []ast.Stmt, names ...string) []ast.Stmt {
	l.scopes = append(l.scopes, names)
	for i, s := range stmts {
		stmts[i] = l.stmt(s)
	}
	l.scopes = l.scopes[:len(l.scopes)-1]
	if l.full() {
		return stmts // it is not compiled
	}
	return labelled(stmts)
}

// stmt walks a statement and returns what takes its place.
func (l *linter) stmt(stmt ast.Stmt) ast.Stmt {
	defer func() { l.depth-- }()
	if !l.deeper(stmt.Line()) {
		return stmt
	}
	switch s := stmt.(type) {
	case *ast.LabelStmt:
		if l.labels++; l.labels > maxLabels {
			l.stop(s.Line(), fmt.Sprintf("the file has more than %d labels", maxLabels))
		}
	case *ast.AssignStmt:
		if len(s.Lhs) > maxAssigned {
			l.stop(s.Line(), fmt.Sprintf("an assignment has more than %d variables", maxAssigned))
			return s
		}
		l.exprs(s.Rhs)
		for i, e := range s.Lhs {
			if id, ok := e.(*ast.IdentExpr); ok {
				l.assigned(id.Value, id.Line())
				continue
			}
			s.Lhs[i] = l.expr(e)
		}
		if len(s.Lhs) > 1 {
			return together(s)
		}
		// The compiler puts the function into the register of the last parameter, before its arguments are read,
		// where `x = (f(x))` assigns to that. Without the brackets it does not, and one value is taken all the same.
		if call, ok := s.Rhs[0].(*ast.FuncCallExpr); ok && len(s.Rhs) == 1 {
			call.AdjustRet = false
		}
	case *ast.LocalAssignStmt:
		if len(s.Exprs) == 1 && len(s.Names) == 1 {
			if _, ok := s.Exprs[0].(*ast.FunctionExpr); ok {
				l.declare(s.Names...) // a local function sees itself
			}
		}
		l.exprs(s.Exprs)
		l.declare(s.Names...)
	case *ast.FuncCallStmt:
		s.Expr = l.expr(s.Expr)
	case *ast.DoBlockStmt:
		s.Stmts = l.block(s.Stmts)
	case *ast.WhileStmt:
		s.Condition = l.expr(s.Condition)
		s.Stmts = l.block(s.Stmts)
		return foldWhile(s)
	case *ast.RepeatStmt:
		l.scopes = append(l.scopes, nil) // the condition sees the body's locals
		for i, x := range s.Stmts {
			s.Stmts[i] = l.stmt(x)
		}
		s.Condition = l.expr(s.Condition)
		l.scopes = l.scopes[:len(l.scopes)-1]
		s.Stmts = started(labelled(s.Stmts))
	case *ast.IfStmt:
		return l.ifs(s)
	case *ast.NumberForStmt:
		s.Init, s.Limit = l.expr(s.Init), l.expr(s.Limit)
		if s.Step != nil {
			s.Step = l.expr(s.Step)
		}
		s.Stmts = l.block(s.Stmts, s.Name)
		s.Stmts = started(s.Stmts)
	case *ast.GenericForStmt:
		l.exprs(s.Exprs)
		s.Exprs = l.three(s.Exprs, s.Line())
		s.Stmts = l.block(s.Stmts, s.Names...)
		s.Stmts = started(s.Stmts)
	case *ast.FuncDefStmt:
		if s.Name.Func != nil {
			if id, ok := s.Name.Func.(*ast.IdentExpr); ok {
				l.assigned(id.Value, s.Line())
			} else {
				l.expr(s.Name.Func)
			}
		} else {
			l.expr(s.Name.Receiver)
			l.function(s.Func, "self")
			break
		}
		l.function(s.Func)
	case *ast.ReturnStmt:
		l.exprs(s.Exprs)
	}
	return stmt
}

// ifs walks an if with all its elseifs, which stand beside each other and not one in the other.
func (l *linter) ifs(first *ast.IfStmt) ast.Stmt {
	branches := []*ast.IfStmt{first}
	for s := first; len(s.Else) == 1; {
		next, ok := s.Else[0].(*ast.IfStmt)
		if !ok {
			break
		}
		if branches = append(branches, next); l.branches+len(branches) > maxBranches {
			l.report(next.Line(), "", fmt.Sprintf("the if, with those around it, has more than %d branches", maxBranches), "look the case up in a table")
			return first
		}
		s = next
	}
	for _, s := range branches {
		l.branches++
		s.Condition = l.expr(s.Condition)
		s.Then = l.block(s.Then)
	}
	last := branches[len(branches)-1]
	last.Else = l.block(last.Else)
	l.branches -= len(branches)
	folded := foldIf(last)
	for i := len(branches) - 2; i >= 0; i-- {
		branches[i].Else = []ast.Stmt{folded}
		folded = foldIf(branches[i])
	}
	return folded
}

// three fills up what a loop goes by: where there is no third value, the machine takes whatever was in its
// register, and `for k, v in next, {10}` does not start at the beginning.
func (l *linter) three(es []ast.Expr, line int) []ast.Expr {
	switch es[len(es)-1].(type) {
	case *ast.FuncCallExpr, *ast.Comma3Expr:
		return es // they give as many as are wanted
	}
	for len(es) < 3 {
		e := &ast.NilExpr{}
		e.SetLine(line)
		e.SetLastLine(line)
		es = append(es, e)
	}
	return es
}

// hidden makes a call of one of the functions that no script can name.
func (l *linter) hidden(name string, line int, args ...ast.Expr) *ast.FuncCallExpr {
	call := &ast.FuncCallExpr{Func: &ast.IdentExpr{Value: name}, Args: args}
	for _, n := range []ast.PositionHolder{call, call.Func} {
		n.SetLine(line)
		n.SetLastLine(line)
	}
	return call
}

func (l *linter) exprs(es []ast.Expr) {
	for i, e := range es {
		es[i] = l.expr(e)
	}
}

func (l *linter) function(f *ast.FunctionExpr, names ...string) {
	if f.ParList != nil {
		names = append(names, f.ParList.Names...)
	}
	f.Stmts = l.body(f.Line(), f.Stmts, append(names, "arg")...)
}

// expr walks e and returns what takes its place.
func (l *linter) expr(e ast.Expr) ast.Expr {
	defer func() { l.depth-- }()
	if !l.deeper(e.Line()) {
		return e
	}
	switch e := e.(type) {
	case *ast.NumberExpr:
		l.number(e)
	case *ast.StringExpr:
		l.constant(e.Value)
	case *ast.IdentExpr:
		l.read(e.Value, e.Line())
	case *ast.AttrGetExpr:
		e.Object, e.Key = l.expr(e.Object), l.expr(e.Key)
		l.field(e)
	case *ast.TableExpr:
		items := 0
		for _, f := range e.Fields {
			if f.Key != nil {
				f.Key = l.expr(f.Key)
			} else if items++; items == maxItems+1 {
				l.report(f.Value.Line(), "", fmt.Sprintf("the list has more than %d items", maxItems), "add them in a loop, or spread them over several lists")
			}
			f.Value = l.expr(f.Value)
		}
	case *ast.FuncCallExpr:
		if e.Receiver != nil {
			e.Receiver = l.expr(e.Receiver)
		} else {
			e.Func = l.expr(e.Func)
			l.require(e)
		}
		l.exprs(e.Args)
	case *ast.LogicalOpExpr:
		e.Lhs, e.Rhs = l.expr(e.Lhs), l.expr(e.Rhs)
		return foldLogical(e)
	case *ast.RelationalOpExpr:
		e.Lhs, e.Rhs = l.expr(e.Lhs), l.expr(e.Rhs)
	case *ast.ArithmeticOpExpr:
		e.Lhs, e.Rhs = l.expr(e.Lhs), l.expr(e.Rhs)
	case *ast.StringConcatOpExpr:
		return l.concat(e)
	case *ast.UnaryMinusOpExpr:
		e.Expr = l.expr(e.Expr)
	case *ast.UnaryNotOpExpr:
		e.Expr = l.expr(e.Expr)
		return foldNot(e)
	case *ast.UnaryLenOpExpr:
		e.Expr = l.expr(e.Expr)
	case *ast.FunctionExpr:
		l.function(e)
	}
	return e
}

// number writes a literal as the machine reads it: it takes 010 for octal, and 1_000 for a number.
func (l *linter) number(e *ast.NumberExpr) {
	n, ok := readNumber(e.Value)
	if !ok {
		l.report(e.Line(), e.Value, fmt.Sprintf("malformed number '%s'", e.Value), "")
		return
	}
	e.Value = strconv.FormatFloat(float64(n), 'g', -1, 64)
	l.constant(e.Value)
}

// concat turns a .. b .. c into (concat)(a, b, c). Operands give one value each.
func (l *linter) concat(e *ast.StringConcatOpExpr) ast.Expr {
	call := l.hidden(concatName, e.Line())
	call.AdjustRet = true
	var operands func(x ast.Expr)
	operands = func(x ast.Expr) {
		if c, ok := x.(*ast.StringConcatOpExpr); ok && len(call.Args) < 200 { // registers are few
			operands(c.Lhs)
			operands(c.Rhs)
			return
		}
		call.Args = append(call.Args, l.expr(x))
	}
	operands(e.Lhs)
	operands(e.Rhs)
	switch last := call.Args[len(call.Args)-1].(type) {
	case *ast.FuncCallExpr:
		last.AdjustRet = true
	case *ast.Comma3Expr:
		last.AdjustRet = true
	}
	return call
}

func (l *linter) read(name string, line int) {
	if !l.local(name) && !l.lib.has(name) {
		l.report(line, name, fmt.Sprintf("'%s' is not declared", name), l.undeclared(name))
	}
}

func (l *linter) assigned(name string, line int) {
	switch {
	case l.local(name):
	case l.lib.has(name):
		l.report(line, name, fmt.Sprintf("'%s' is of the host and cannot be assigned", name), "use another name, with 'local'")
	default:
		l.report(line, name, fmt.Sprintf("assignment to the undeclared '%s'", name), "declare it with 'local', or keep it in the state")
	}
}

// undeclared suggests what may have been meant.
func (l *linter) undeclared(name string) string {
	known := l.lib.names()
	for _, s := range l.scopes {
		known = append(known, s...)
	}
	if near := diag.Near(name, known); near != "" {
		return fmt.Sprintf("did you mean '%s'?", near)
	}
	return "declare it with 'local', or is it missing from the sandbox?"
}

// field checks module.name where module is one of the host's.
func (l *linter) field(e *ast.AttrGetExpr) {
	object, ok := e.Object.(*ast.IdentExpr)
	key, isName := e.Key.(*ast.StringExpr)
	if !ok || !isName || l.local(object.Value) {
		return
	}
	if m := l.lib.modules[object.Value]; m != nil && !m.has(key.Value) {
		l.report(e.Line(), key.Value, fmt.Sprintf("%s.%s does not exist", object.Value, key.Value), diag.DidYouMean(key.Value, m.fields))
	}
}

// require notes the file that a constant require names.
func (l *linter) require(e *ast.FuncCallExpr) {
	id, ok := e.Func.(*ast.IdentExpr)
	if !ok || id.Value != "require" || l.local("require") || len(e.Args) != 1 {
		return
	}
	if name, ok := e.Args[0].(*ast.StringExpr); ok && l.lib.modules[name.Value] == nil {
		l.requires = append(l.requires, required{file: moduleFile(name.Value), from: l.file, name: name.Value, line: e.Line()})
	}
}
