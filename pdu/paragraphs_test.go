package pdu_test

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// cited is what a comment cites: a paragraph of SMPP or of 3GPP, or an appendix.
var cited = regexp.MustCompile(`§\d|appendix [A-Z]`)

// uncited are the exported names that come from no paragraph, and why.
var uncited = map[string]string{
	"Explain": all, "ExplainAll": all, "Explanation": all, "Explanation.MarshalJSON": all, "Explanation.Octets": all, "Explanation.Warnings": all,
	"Explanation.WriteText": all, "ExplainedTLV": all, "ExplainedTLV.MarshalJSON": all, "ExplainedTLV.WriteText": all, "PDU.String": all,
	"Warnings": all, "Warnings.Codes": all, "PDU.Warnings": all, "PDU.Err": all,

	"Builder.Reset": memory, "PDU.Borrowed": memory, "PDU.Clone": memory, "PDU.CopyTo": memory, "PDU.Raw": memory, "TLVs.Clone": memory, "TLVs.Equal": memory,

	"DecodeError.Code": errs, "DecodeError.Error": errs, "FieldError.Code": errs, "FieldError.Error": errs, "FrameError.Code": errs, "FrameError.Error": errs,
	"TextError.Code": errs, "TextError.Error": errs, "TimeError.Error": errs, "TooLongError.Error": errs, "TooLongError.Is": errs,
}

// The reasons.
const (
	all    = "about any command, field and TLV"
	memory = "about the memory that holds the octets"
	errs   = "a method of errors, whose type says what they are about"
)

// Each exported name says which paragraph it comes from. The values of an enumeration have that of their type, the fields of a struct
// that of the struct.
func TestExportedNamesCiteTheirParagraphs(t *testing.T) {
	set := token.NewFileSet()
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(set, name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	p, err := doc.NewFromFiles(set, files, "github.com/esmehost/esmehost/pdu")
	if err != nil {
		t.Fatal(err)
	}
	left := map[string]bool{}
	for name := range uncited {
		left[name] = true
	}
	seen := 0
	check := func(name, text string) {
		seen++
		switch has := cited.MatchString(text); {
		case has && uncited[name] != "":
			t.Errorf("%s cites a paragraph: it needs no reason here", name)
		case !has && uncited[name] == "":
			t.Errorf("%s cites no paragraph", name)
		}
		delete(left, name)
	}
	funcs := func(of string, all []*doc.Func) {
		for _, f := range all {
			check(of+f.Name, f.Doc)
		}
	}
	values := func(all []*doc.Value, typ string) {
		for _, v := range all {
			for _, spec := range v.Decl.Specs {
				s := spec.(*ast.ValueSpec)
				for _, name := range s.Names {
					if name.IsExported() {
						check(name.Name, typ+v.Doc+s.Doc.Text()+s.Comment.Text())
					}
				}
			}
		}
	}
	funcs("", p.Funcs)
	values(p.Consts, "")
	values(p.Vars, "")
	for _, typ := range p.Types {
		check(typ.Name, typ.Doc)
		funcs("", typ.Funcs)
		funcs(typ.Name+".", typ.Methods)
		values(typ.Consts, typ.Doc)
		values(typ.Vars, typ.Doc)
	}
	for name := range left {
		t.Errorf("%s is not exported", name)
	}
	if seen < 500 {
		t.Errorf("only %d names were found", seen)
	}
}
