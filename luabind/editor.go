package luabind

import (
	"fmt"
	"slices"
	"strings"

	"github.com/esmehost/esmehost/pdu"
)

// EditorTypes writes what editors with the Lua language server (LuaLS) know about the API, from its
// declarations: Lua files of annotations, by name.
func EditorTypes() map[string]string {
	files := map[string]string{"callbacks.lua": editorCallbacks()}
	for _, m := range modules {
		files[m.Name+".lua"] = m.editor()
	}
	return files
}

const editorHead = "---@meta\n-- Written by go generate from the declarations in luabind. Do not edit.\n\n"

func (m *module) editor() string {
	var b strings.Builder
	b.WriteString(editorHead)
	if m == &esmeModule {
		b.WriteString("---Seconds, or a text such as \"250ms\", \"5s\", \"2m\", \"1h\".\n---@alias duration number|string\n\n")
	}
	if m == &pduModule {
		b.WriteString(editorFields())
	}
	for _, k := range m.Kinds {
		fmt.Fprintf(&b, "%s---@class %s\n", comment(k.Doc), k.Name)
		for _, f := range k.Fields {
			fmt.Fprintf(&b, "---@field %s %s # %s\n", f.Name, f.Type.annotation(), oneLine(f.Doc))
		}
		fmt.Fprintf(&b, "local %s = {}\n\n", k.Name)
		for i := range k.Methods {
			k.Methods[i].editor(&b, k.Name+":"+k.Methods[i].Name)
		}
	}
	fmt.Fprintf(&b, "%s---@class %slib\n", comment(m.Doc), m.Name)
	for _, v := range m.Values {
		fmt.Fprintf(&b, "---@field %s %s # %s\n", v.Name, v.Type.annotation(), oneLine(v.Doc))
	}
	fmt.Fprintf(&b, "%s = {}\n\n", m.Name)
	for i := range m.Fns {
		m.Fns[i].editor(&b, m.Name+"."+m.Fns[i].Name)
	}
	fmt.Fprintf(&b, "return %s\n", m.Name)
	return b.String()
}

// editorFields are the tables that constructors of PDUs take.
func editorFields() string {
	var b strings.Builder
	b.WriteString("---What a constructor takes: fields and TLVs by name.\n---@class PDUFields\n---@field command_status? integer|string\n---@field status? integer|string\n" +
		"---@field sequence_number? integer\n---@field tlvs? { tag: integer, value: string }[]\n")
	for _, v := range wireFields() {
		t := v.Type.editor
		for _, cmd := range pdu.Commands() {
			for _, f := range cmd.Fields {
				if f.Field.String() == v.Name && (f.Kind == pdu.KindDests || f.Kind == pdu.KindUnsuccess) {
					t = "table[]"
				}
			}
		}
		fmt.Fprintf(&b, "---@field %s? %s\n", v.Name, t)
	}
	return b.String() + "\n"
}

func (f *fn) editor(b *strings.Builder, full string) {
	b.WriteString(comment(f.Doc))
	b.WriteString("---\n---To be called in: " + f.Where.String() + ".\n---```lua\n" + comment(f.Example) + "---```\n")
	var names []string
	for _, p := range f.Params {
		names = append(names, p.Name)
		mark := ""
		if p.Type.optional && p.Name != "..." {
			mark = "?"
		}
		fmt.Fprintf(b, "---@param %s%s %s # %s\n", p.Name, mark, strings.TrimSuffix(p.Type.annotation(), "?"), oneLine(p.Doc))
	}
	for _, p := range f.Returns {
		name := p.Name
		if name == "..." {
			fmt.Fprintf(b, "---@return %s ... # %s\n", p.Type.annotation(), oneLine(p.Doc))
			continue
		}
		fmt.Fprintf(b, "---@return %s %s # %s\n", p.Type.annotation(), name, oneLine(p.Doc))
	}
	fmt.Fprintf(b, "function %s(%s) end\n\n", full, strings.Join(names, ", "))
}

// annotation is the type as LuaLS writes it.
func (t *luaType) annotation() string {
	a := t.editor
	if t.keys != nil {
		var keys []string
		for i := range t.keys {
			k := &t.keys[i]
			mark := ""
			if k.Type.optional {
				mark = "?"
			}
			keys = append(keys, fmt.Sprintf("%s%s: %s", k.Name, mark, strings.TrimSuffix(k.Type.annotation(), "?")))
		}
		if t.open {
			keys = append(keys, "[string]: any")
		}
		a = "{ " + strings.Join(keys, ", ") + " }"
	}
	if t.optional && a != "any" {
		if strings.Contains(a, "|") && !strings.HasPrefix(a, "{") {
			a = "(" + a + ")"
		}
		a += "?"
	}
	return a
}

func comment(s string) string {
	var b strings.Builder
	for line := range strings.SplitSeq(s, "\n") {
		b.WriteString("---" + line + "\n")
	}
	return b.String()
}

func oneLine(s string) string { return strings.ReplaceAll(s, "\n", " ") }

func editorCallbacks() string {
	var b strings.Builder
	b.WriteString(editorHead + "---What a script returns. Write ---@type Script above local M = {}.\n---@class Script\n---@field version? any # what code_change of the next version gets as old_version\n")
	for i, d := range callbackDocs {
		var params []string
		for j, p := range d.Params {
			params = append(params, p+": "+d.Types[j])
		}
		fmt.Fprintf(&b, "---@field %s? fun(%s): %s # %s\n", callbackNames[i], strings.Join(params, ", "), d.Returns, d.Fires)
	}
	b.WriteString("local Script = {}\n\nreturn Script\n")
	return b.String()
}

// EditorSettings is a .luarc.json for the Lua language server: Lua 5.1, the API's types in the folder, and none
// of what the sandbox has not.
func EditorSettings(types string) string {
	gone := []string{"io", "os", "package", "debug", "bit", "ffi", "jit", "table.clear", "table.new", "utf8"}
	return fmt.Sprintf("{\n  \"runtime.version\": \"Lua 5.1\",\n  \"workspace.library\": [%q],\n  \"runtime.builtin\": {%s}\n}\n", types, disabled(gone))
}

func disabled(names []string) string {
	slices.Sort(names)
	var parts []string
	for _, n := range names {
		parts = append(parts, fmt.Sprintf("%q: \"disable\"", n))
	}
	return strings.Join(parts, ", ")
}
