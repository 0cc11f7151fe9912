package vm

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"syscall"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
	"github.com/yuin/gopher-lua/parse"

	"github.com/esmehost/esmehost/diag"
)

// maxSource bounds a script file, in octets.
const maxSource = 1 << 20

// maxFiles bounds those that a script requires.
const maxFiles = 1000

// Program is a script and everything that it requires, read at one moment and compiled. It is
// immutable and shared by all states that run it.
type Program struct {
	Main  string
	Hash  string   // SHA-256 over all files, hex
	Files []string // relative to the root, sorted; Main among them

	sources map[string][]byte
	protos  map[string]*lua.FunctionProto // by file
}

// Source returns the octets of one of the program's files, as they were compiled. They are shared: do not
// change them.
func (p *Program) Source(file string) []byte { return p.sources[file] }

// Reader gives the octets of a script file by its path below the script root. What it gives once it must
// give again: a program is the files of one moment.
type Reader func(file string) ([]byte, error)

// Root reads below the folder root, and nothing outside of it, by whatever link. close ends it.
func Root(root string) (read Reader, close func() error, err error) {
	dir, err := os.OpenRoot(root)
	if err != nil {
		return nil, nil, err
	}
	return func(file string) ([]byte, error) { return readBelow(dir, file) }, dir.Close, nil
}

// Compile reads main, a path below root, and all that it requires, and compiles it. All that is wrong
// is reported at once: what cannot be parsed, names that nothing declares, unknown functions of modules.
func Compile(root, main string, lib *Library) (*Program, diag.List) {
	read, close, err := Root(root)
	if err != nil {
		return nil, diag.List{{File: root, Message: "cannot open the script root: " + reason(err)}}
	}
	defer close()
	return CompileFrom(read, main, lib)
}

// CompileFrom is Compile of what read gives.
func CompileFrom(read Reader, main string, lib *Library) (*Program, diag.List) {
	p := &Program{Main: path.Clean(main), protos: map[string]*lua.FunctionProto{}}
	var wrong diag.List
	sum := sha256.New()
	queue := []required{{file: p.Main}}
	seen := map[string]bool{p.Main: true}
	sources := map[string][]byte{}
	for len(queue) > 0 && len(wrong) < maxWrong {
		r := queue[0]
		queue = queue[1:]
		src, err := read(r.file)
		if err != nil {
			d := diag.Diagnostic{File: r.file, Message: "cannot read the script: " + reason(err)}
			if r.from != "" {
				d = diag.Diagnostic{File: r.from, Line: r.line, Message: fmt.Sprintf("require: there is no %s below the script root (%s)", r.file, reason(err))}
				d.Source = diag.SourceLine(sources[r.from], r.line)
				d.Column, d.Width = diag.Column(sources[r.from], r.line, r.name)
			}
			wrong = append(wrong, d)
			continue
		}
		sources[r.file] = src
		p.Files = append(p.Files, r.file)
		proto, requires, list := compileFile(r.file, src, lib)
		wrong = append(wrong, list...)
		p.protos[r.file] = proto
		for _, q := range requires {
			if seen[q.file] {
				continue
			}
			seen[q.file] = true
			switch n := len(seen); {
			case n <= maxFiles:
				queue = append(queue, q)
			case n == maxFiles+1: // said once
				wrong = append(wrong, diag.Diagnostic{File: q.from, Line: q.line, Message: fmt.Sprintf("the script requires more than %d files", maxFiles)})
			}
		}
	}
	if len(wrong) > 0 {
		wrong.Sort()
		return nil, wrong
	}
	slices.Sort(p.Files)
	p.sources = sources
	for _, f := range p.Files {
		fmt.Fprintf(sum, "%s\n%d\n", f, len(sources[f]))
		sum.Write(sources[f])
	}
	p.Hash = hex.EncodeToString(sum.Sum(nil))
	return p, nil
}

// required is a file that another one asks for.
type required struct {
	file, from string
	name       string // as it stands in the source
	line       int
}

// moduleFile is where require looks for a module that is not of the API: "lib.text" is lib/text.lua.
func moduleFile(name string) string {
	return path.Clean(strings.ReplaceAll(name, ".", "/") + ".lua")
}

func readBelow(dir *os.Root, file string) ([]byte, error) {
	if !fs.ValidPath(file) {
		return nil, errors.New("it is not below the script root")
	}
	f, err := dir.OpenFile(file, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a FIFO would wait for a writer
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if st, err := f.Stat(); err != nil || !st.Mode().IsRegular() {
		return nil, errors.New("it is no plain file")
	}
	src, err := io.ReadAll(io.LimitReader(f, maxSource+1))
	if err == nil && len(src) > maxSource {
		err = fmt.Errorf("it is longer than %d octets", maxSource)
	}
	return src, err
}

// reason is the error without the operation and the path, which the message names already.
func reason(err error) string {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err.Error()
	}
	return err.Error()
}

func compileFile(file string, src []byte, lib *Library) (*lua.FunctionProto, []required, diag.List) {
	text := src
	if bytes.HasPrefix(text, []byte("#!")) {
		text = append([]byte("--"), text...) // keeps the line numbers
	}
	chunk, err := parsed(bytes.NewReader(text), file)
	if err != nil {
		return nil, nil, diag.List{parseError(file, src, err)}
	}
	l := &linter{file: file, src: src, lib: lib}
	chunk = l.chunk(chunk)
	if len(l.wrong) > 0 {
		return nil, l.requires, l.wrong
	}
	proto, err := lua.Compile(chunk, file)
	if err != nil {
		d := diag.Diagnostic{File: file, Message: err.Error()}
		var ce *lua.CompileError
		if errors.As(err, &ce) {
			d.Line, d.Message, d.Source = ce.Line, ce.Message, diag.SourceLine(src, ce.Line)
		}
		return nil, l.requires, diag.List{d}
	}
	if name, line := assignsGlobal(proto); name != "" { // the table of globals is shared: this must not be
		return nil, l.requires, diag.List{{File: file, Line: line, Message: fmt.Sprintf("assignment to the undeclared '%s'", name), Source: diag.SourceLine(src, line)}}
	}
	namesAsValues(proto)
	return proto, l.requires, nil
}

// parsed is the syntax tree of a file. A parser that breaks gives none, and no error (parse/lexer.go, Parse): an empty file
// would be taken for it.
func parsed(r io.Reader, file string) ([]ast.Stmt, error) {
	chunk, err := parse.Parse(r, file)
	if err == nil && chunk == nil {
		return nil, errors.New("the parser broke: this is a mistake of the host; please report it with the script")
	}
	return chunk, err
}

// namesAsValues lets x.name read by the constant that the name is, and not by its text: a metamethod gets the
// name as a value, which the machine would allocate each time that a field of a PDU is read.
func namesAsValues(p *lua.FunctionProto) {
	for pc, code := range p.Code {
		if int(code>>26) == lua.OP_GETTABLEKS {
			p.Code[pc] = code&(1<<26-1) | uint32(lua.OP_GETTABLE)<<26
		}
	}
	for _, f := range p.FunctionPrototypes {
		namesAsValues(f)
	}
}

// assignsGlobal finds a global variable that compiled code assigns.
func assignsGlobal(p *lua.FunctionProto) (name string, line int) {
	for pc, code := range p.Code {
		if int(code>>26) == lua.OP_SETGLOBAL {
			return p.Constants[code&0x3ffff].String(), p.DbgSourcePositions[pc]
		}
	}
	for _, f := range p.FunctionPrototypes {
		if name, line := assignsGlobal(f); name != "" {
			return name, line
		}
	}
	return "", 0
}

func parseError(file string, src []byte, err error) diag.Diagnostic {
	var pe *parse.Error
	if !errors.As(err, &pe) {
		return diag.Diagnostic{File: file, Message: err.Error()}
	}
	d := diag.Diagnostic{File: file, Line: pe.Pos.Line, Column: pe.Pos.Column, Message: pe.Message}
	if pe.Pos.Line <= 0 { // at the end of the file
		d.Line = bytes.Count(bytes.TrimRight(src, "\n"), []byte("\n")) + 1
		d.Column = len([]rune(diag.SourceLine(src, d.Line))) + 1
		d.Message = "syntax error: the file ends too early"
		d.Remedy = "is an 'end' missing?"
	} else if pe.Token != "" {
		d.Message = fmt.Sprintf("%s near '%s'", strings.Replace(pe.Message, "parse error", "syntax error", 1), pe.Token)
		if c, w := diag.Column(src, d.Line, pe.Token); c > 0 {
			d.Column, d.Width = c, w
		}
	}
	d.Source = diag.SourceLine(src, d.Line)
	return d
}
