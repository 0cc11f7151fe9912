package luabind

import (
	"fmt"
	"slices"
	"strings"
)

// Help is what the reference says about a module ("json"), a function ("esme.send_pdu", "p:with"), a kind of
// object ("PDU") or a callback ("handle_pdu"), as plain text. Its error says what was probably meant.
func Help(name string) (string, error) {
	var known []string
	for _, m := range slices.Concat(modules, language) {
		if m.Name == name {
			return m.help(), nil
		}
		known = append(known, m.Name)
		for f := range m.functions() {
			if f.full == name || strings.ReplaceAll(f.full, ":", ".") == name {
				return f.help(), nil
			}
			known = append(known, f.full)
		}
		for _, v := range m.Values {
			if full := m.Name + "." + v.Name; full == name {
				return fmt.Sprintf("%s: %s\n\n%s\n", full, v.Type.what, v.Doc), nil
			}
		}
		for _, k := range m.Kinds {
			if k.Name == name {
				return k.help(), nil
			}
			known = append(known, k.Name)
			for _, v := range k.Fields {
				if full := k.Var + "." + v.Name; full == name || strings.ToLower(k.Name)+"."+v.Name == name {
					return fmt.Sprintf("%s: %s\n\n%s\n", full, v.Type.what, v.Doc), nil
				}
			}
			for i := range k.Methods {
				if strings.ToLower(k.Name)+"."+k.Methods[i].Name == strings.ReplaceAll(name, ":", ".") {
					return k.Methods[i].help(), nil
				}
			}
		}
	}
	for i, d := range callbackDocs {
		if callbackNames[i] == name {
			return fmt.Sprintf("%s(%s)\n\n%s\nReturns %s.\nIf it is not defined: %s.\n", name, strings.Join(d.Params, ", "), d.Fires, d.Gives, d.Default), nil
		}
	}
	known = append(known, callbackNames[:]...)
	return "", codeError("not_found", "there is no '%.60s' in the API; %s", name, didYouMean(name, known))
}

func (m *module) help() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n%s\n\n", m.Name, m.Doc)
	for f := range m.functions() {
		fmt.Fprintf(&b, "  %s\n      %s\n", f.heading(), firstSentence(f.Doc))
	}
	for _, v := range m.Values {
		fmt.Fprintf(&b, "  %s.%s\n      %s\n", m.Name, v.Name, v.Doc)
	}
	return b.String()
}

func (k *kind) help() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n%s\n\n", k.Name, k.Doc)
	for _, f := range k.Fields {
		fmt.Fprintf(&b, "  %s.%s: %s\n", k.Var, f.Name, f.Doc)
	}
	for i := range k.Methods {
		fmt.Fprintf(&b, "  %s\n      %s\n", k.Methods[i].heading(), firstSentence(k.Methods[i].Doc))
	}
	return b.String()
}

func (f *fn) help() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n%s\n", f.heading(), f.Doc)
	if f.signature == "" {
		fmt.Fprintf(&b, "To be called in: %s.\n", f.Where)
	}
	list := func(what string, ps []param) {
		if len(ps) > 0 {
			fmt.Fprintf(&b, "\n%s:\n", what)
		}
		for i := range ps {
			ps[i].help(&b, "  ")
		}
	}
	list("Parameters", f.Params)
	list("Returns", f.Returns)
	fmt.Fprintf(&b, "\nExample:\n  %s\n", strings.ReplaceAll(f.Example, "\n", "\n  "))
	return b.String()
}

func (p *param) help(b *strings.Builder, indent string) {
	may := ""
	if p.Type.optional {
		may = ", optional"
	}
	fmt.Fprintf(b, "%s%s: %s (%s%s)\n", indent, p.Name, p.Doc, p.Type.what, may)
	for i := range p.Type.keys {
		p.Type.keys[i].help(b, indent+"  ")
	}
}
