package main

import (
	"bytes"
	"fmt"
	"strings"
)

// counts reports whether the field after i says how long, or how many, the next one is.
func counts(fs []field, i int) bool {
	return i+1 < len(fs) && (fs[i+1].Type == "octet_string" || fs[i+1].Type == "array")
}

// goType is the type of a field in a command's struct, and what its comment says of its limits.
func goType(f field) (typ, limit string) {
	kind, size := fieldKind(f)
	switch kind {
	case "KindInt":
		switch {
		case strings.HasSuffix(f.Name, "_ton"):
			return "TON", ""
		case strings.HasSuffix(f.Name, "_npi"):
			return "NPI", ""
		case f.Name == "message_state":
			return "MessageState", ""
		}
		return "uint8", ""
	case "KindString":
		return "string", fmt.Sprintf("at most %d octets", size-1)
	case "KindTime":
		return "string", "empty, or 16 characters: YYMMDDhhmmsstnnp"
	case "KindOctets":
		return "[]byte", fmt.Sprintf("at most %d octets", size)
	case "KindDests":
		return "[]Dest", fmt.Sprintf("at most %d", size)
	}
	return "[]Unsuccess", fmt.Sprintf("at most %d", size)
}

func structs(cs []command, enums map[string]map[string]string) string {
	var b bytes.Buffer
	p := func(f string, a ...any) { fmt.Fprintf(&b, f, a...) }
	for i, c := range cs {
		name := goName(c.Name)
		p("// %s is the command %s (%s).\ntype %s struct {\nHeader\n", name, c.Name, where(commandParagraphs, c.Name), name)
		for i, f := range c.Fields {
			if counts(c.Fields, i) {
				continue
			}
			typ, limit := goType(f)
			if limit == "" && enums[f.Name] != nil {
				limit = fmt.Sprintf("0 to %d", most(f, enums))
			}
			if limit != "" {
				limit += "; "
			}
			p("%s %s // %s%s\n", goName(f.Name), typ, limit, strings.TrimPrefix(where(fieldParagraphs, f.Name).String(), "SMPP "))
		}
		p("TLVs TLVs\n}\n\n")

		from := where(commandParagraphs, c.Name)
		p("// CommandID is [Cmd%s] (%s).\nfunc (*%s) CommandID() CommandID { return Cmd%s }\n\n", name, from, name, name)

		p("// Read sets m from a decoded %s (%s); see [Typed].\nfunc (m *%s) Read(p *PDU) error {\n", c.Name, from, name)
		p("if p.id != Cmd%s {\nreturn wrongCommand(p, Cmd%s)\n}\n", name, name)
		p("*m = %s{\nHeader: p.header(),\n", name)
		for i, f := range c.Fields {
			if counts(c.Fields, i) {
				continue
			}
			field, typ := goName(f.Name), ""
			switch typ, _ = goType(f); typ {
			case "string":
				p("%s: p.Str(Field%s),\n", field, field)
			case "[]byte":
				p("%s: bytes.Clone(p.Bytes(Field%s)),\n", field, field)
			case "[]Dest":
				p("%s: slices.Collect(p.Dests()),\n", field)
			case "[]Unsuccess":
				p("%s: slices.Collect(p.UnsuccessSMEs()),\n", field)
			default:
				p("%s: %s(p.Int(Field%s)),\n", field, typ, field)
			}
		}
		p("TLVs: p.Options().Clone(),\n}\nreturn nil\n}\n\n")

		p("// AppendTo appends the octets (%s); see [Typed].\nfunc (m *%s) AppendTo(dst []byte) ([]byte, error) { return m.encode(dst, false) }\n\n", from, name)
		p("// AppendRelaxed appends the octets without the limits on lengths (%s); see [Typed].\nfunc (m *%s) AppendRelaxed(dst []byte) ([]byte, error) { return m.encode(dst, true) }\n\n", from, name)

		p("func (m *%s) encode(dst []byte, relaxed bool) ([]byte, error) {\n", name)
		p("e := encoder{start: len(dst), cmd: &commands[%d], relaxed: relaxed}\n", i)
		if strings.HasSuffix(c.Name, "_resp") && len(c.Fields) > 0 {
			var empty []string
			for i, f := range c.Fields {
				if counts(c.Fields, i) {
					continue
				}
				switch typ, _ := goType(f); typ {
				case "string":
					empty = append(empty, "m."+goName(f.Name)+` == ""`)
				case "[]Dest", "[]Unsuccess", "[]byte":
					empty = append(empty, "len(m."+goName(f.Name)+") == 0")
				default:
					empty = append(empty, "m."+goName(f.Name)+" == 0")
				}
			}
			p("if m.Status != ESME_ROK && !m.EmptyBody && m.TLVs.none() && %s {\nreturn e.headerOnly(dst, m.Header)\n}\n", strings.Join(empty, " && "))
		}
		p("out := e.header(dst, m.Header)\n")
		var ints []string
		flush := func() {
			if len(ints) > 0 {
				p("out = append(out, %s)\n", strings.Join(ints, ", "))
				ints = nil
			}
		}
		for i, f := range c.Fields {
			if counts(c.Fields, i) {
				continue
			}
			field := goName(f.Name)
			_, size := fieldKind(f)
			switch typ, _ := goType(f); typ {
			case "string":
				flush()
				if f.Type == "c_octet_string_time" {
					p("out = e.time(out, Field%s, m.%s)\n", field, field)
				} else {
					p("out = e.str(out, Field%s, m.%s, %d)\n", field, field, size-1)
				}
			case "[]byte":
				flush()
				p("out = e.octets(out, Field%s, m.%s, %d)\n", field, field, size)
			case "[]Dest":
				flush()
				p("out = e.dests(out, m.%s)\n", field)
			case "[]Unsuccess":
				flush()
				p("out = e.unsuccess(out, m.%s)\n", field)
			default:
				ints = append(ints, fmt.Sprintf("byte(m.%s)", field))
			}
		}
		flush()
		message, esmClass := "nil", "0"
		for _, f := range c.Fields {
			switch {
			case f.Name == "short_message":
				message = "m.ShortMessage"
			case f.Name == "esm_class":
				esmClass = "m.ESMClass"
			case enums[f.Name] != nil:
				p("e.most(Field%s, m.%s, %d)\n", goName(f.Name), goName(f.Name), most(f, enums))
			}
		}
		p("return e.finish(out, %s, %s, &m.TLVs)\n}\n\n", esmClass, message)
	}

	p("// New returns an empty struct of the command (SMPP 3.4 §4, 5.0 §4); false for one that is not defined (see [Unknown]).\nfunc New(id CommandID) (Typed, bool) {\nswitch id {\n")
	for _, c := range cs {
		p("case Cmd%s:\nreturn new(%s), true\n", goName(c.Name), goName(c.Name))
	}
	p("}\nreturn nil, false\n}\n")
	return "import (\n\t\"bytes\"\n\t\"slices\"\n)\n\n" + b.String()
}
