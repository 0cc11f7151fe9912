package luabind

//go:generate go run ./internal/gendocs

import (
	"fmt"
	"slices"
	"strings"
)

// Reference writes the reference of the API from its declarations: Markdown, by the name of the file.
func Reference() map[string]string {
	files := map[string]string{"README.md": referenceIndex(), "callbacks.md": callbacksPage()}
	for _, m := range slices.Concat(modules, language) {
		files[m.Name+".md"] = m.page()
	}
	return files
}

const generated = "<!-- Written by go generate from the declarations in luabind. Do not edit. -->\n\n"

func referenceIndex() string {
	var b strings.Builder
	b.WriteString(generated + "# Reference of the Lua API\n\n" +
		"Each module is a global, and `require \"json\"` gives the same. Arguments are checked: a mistake raises, and names the script's line. What can fail in operation " +
		"returns `nil, err`; `err.code` is a stable word, `err.message` is for people, `err.retryable` tells whether it may go well later. A duration is a number of seconds, " +
		"or a text such as `\"250ms\"`, `\"5s\"`, `\"2m\"`, `\"1h\"`.\n\n[Writing scripts](../scripts.md) is the guide, [callbacks](callbacks.md) what a script defines; `esmehost doc NAME` shows a page of this in the terminal, and `esmehost types` writes it for editors.\n\n| module | |\n|---|---|\n")
	for _, m := range modules {
		fmt.Fprintf(&b, "| [%s](%s.md) | %s |\n", m.Name, m.Name, firstSentence(m.Doc))
	}
	b.WriteString("\nOf Lua 5.1 itself:\n\n| | |\n|---|---|\n")
	for _, m := range language {
		fmt.Fprintf(&b, "| [%s](%s.md) | %s |\n", m.Name, m.Name, firstSentence(m.Doc))
	}
	b.WriteString("\n## All functions\n\n")
	for _, m := range slices.Concat(modules, language) {
		var names []string
		for f := range m.functions() {
			names = append(names, fmt.Sprintf("[`%s`](%s.md#%s)", f.full, m.Name, anchor(f.heading())))
		}
		fmt.Fprintf(&b, "- %s: %s\n", m.Name, strings.Join(names, ", "))
	}
	return b.String()
}

func firstSentence(s string) string {
	for i := 0; i+1 < len(s); i++ {
		if s[i] == '.' && s[i+1] == ' ' {
			return s[:i+1]
		}
	}
	return s
}

// anchor is where a heading is found, as the usual renderers make it.
func anchor(heading string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(heading) {
		switch {
		case r == ' ':
			b.WriteByte('-')
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '_', r == '-':
			b.WriteRune(r)
		}
	}
	return b.String()
}

func (m *module) page() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s# %s\n\n%s\n", generated, m.Name, m.Doc)
	if len(m.Values) > 0 {
		b.WriteString("\n## Values\n\n| value | type | |\n|---|---|---|\n")
		for _, v := range m.Values {
			name := m.Name + "." + v.Name
			if m == &baseModule {
				name = v.Name
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", name, v.Type.shown(), cell(v.Doc))
		}
	}
	for i := range m.Fns {
		m.Fns[i].section(&b, "##")
	}
	for _, k := range m.Kinds {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n", k.Name, k.Doc)
		if len(k.Fields) > 0 {
			b.WriteString("\n| field | type | |\n|---|---|---|\n")
			for _, f := range k.Fields {
				fmt.Fprintf(&b, "| `%s.%s` | %s | %s |\n", k.Var, f.Name, f.Type.shown(), cell(f.Doc))
			}
		}
		for i := range k.Methods {
			k.Methods[i].section(&b, "###")
		}
	}
	return b.String()
}

// heading is the function with its parameters, the optional ones in brackets.
func (f *fn) heading() string {
	if f.signature != "" || len(f.Params) == 0 {
		return f.full + "(" + f.signature + ")"
	}
	var b strings.Builder
	b.WriteString(f.full + "(")
	open := 0
	for i, p := range f.Params {
		sep := ""
		if i > 0 {
			sep = ", "
		}
		if p.Type.optional {
			if sep != "" {
				b.WriteString(" ")
			}
			b.WriteString("[")
			open++
		}
		b.WriteString(sep + p.Name)
	}
	b.WriteString(strings.Repeat("]", open) + ")")
	return b.String()
}

func (f *fn) section(b *strings.Builder, level string) {
	fmt.Fprintf(b, "\n%s %s\n\n%s\n", level, f.heading(), f.Doc)
	if len(f.Params) > 0 {
		b.WriteString("\n| parameter | type | |\n|---|---|---|\n")
		for _, p := range f.Params {
			p.row(b, "", "optional")
		}
	}
	if len(f.Returns) > 0 {
		b.WriteString("\n| returns | type | |\n|---|---|---|\n")
		for _, p := range f.Returns {
			p.row(b, "", "or nil")
		}
	}
	if f.signature == "" {
		fmt.Fprintf(b, "\nTo be called in: %s.\n", f.Where)
	}
	fmt.Fprintf(b, "\n```lua\n%s\n```\n", f.Example)
}

// row is a line of a table. may is what an optional one is called.
func (p *param) row(b *strings.Builder, prefix, may string) {
	t := p.Type.shown()
	if p.Type.optional {
		t += ", " + may
	}
	fmt.Fprintf(b, "| `%s%s` | %s | %s |\n", prefix, p.Name, t, cell(p.Doc))
	for i := range p.Type.keys {
		p.Type.keys[i].row(b, prefix+p.Name+".", may)
	}
}

func (t *luaType) shown() string { return cell(t.what) }

func cell(s string) string { return strings.NewReplacer("|", "\\|", "\n", " ").Replace(s) }

func callbacksPage() string {
	var b strings.Builder
	b.WriteString(generated + "# Callbacks\n\nA script returns a table with some of these functions. A `nil` that is returned for the state keeps it; the state must be a table or another " +
		"plain value. To return anything else is an error that names the callback.\n")
	for i, d := range callbackDocs {
		fmt.Fprintf(&b, "\n## %s(%s)\n\n%s\n\n- returns %s\n- if it is not defined: %s\n", callbackNames[i], strings.Join(d.Params, ", "), d.Fires, d.Gives, d.Default)
	}
	return b.String()
}
