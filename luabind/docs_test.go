package luabind

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/yuin/gopher-lua/parse"

	"github.com/esmehost/esmehost/scripts"
)

// What is written from the declarations is current, and nothing else lies beside it.
func TestGeneratedFilesAreCurrent(t *testing.T) {
	for dir, files := range map[string]map[string]string{"../docs/lua": Reference(), "../scripts/types": EditorTypes()} {
		there, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		if len(there) != len(files) {
			t.Errorf("%s has %d files, not %d: run go generate ./luabind", dir, len(there), len(files))
		}
		for name, want := range files {
			got, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil || string(got) != want {
				t.Errorf("%s/%s is not current: run go generate ./luabind", dir, name)
			}
		}
	}
	embedded, err := scripts.Types.ReadDir("types")
	if err != nil || len(embedded) != len(EditorTypes()) {
		t.Errorf("%d files of types are embedded, %v", len(embedded), err)
	}
}

// Each link of the reference leads to a heading.
func TestLinksOfTheReference(t *testing.T) {
	pages := Reference()
	links := 0
	for _, line := range strings.Split(pages["README.md"], "](") {
		target, _, ok := strings.Cut(line, ")")
		file, at, hasAnchor := strings.Cut(target, "#")
		if !ok || !strings.HasSuffix(file, ".md") || strings.HasPrefix(file, "../") { // those of the guides: see TestLinksOfTheDocs
			continue
		}
		links++
		found := pages[file] != "" && !hasAnchor
		for heading := range strings.SplitSeq(pages[file], "\n") {
			if h := strings.TrimLeft(heading, "#"); h != heading && anchor(strings.TrimSpace(h)) == at {
				found = true
			}
		}
		if !found {
			t.Errorf("the link %s leads nowhere", target)
		}
	}
	if links < 150 {
		t.Fatalf("only %d links were found", links)
	}
}

// The files for editors are Lua, and name every function.
func TestEditorTypesAreLua(t *testing.T) {
	all := ""
	for name, text := range EditorTypes() {
		if _, err := parse.Parse(strings.NewReader(text), name); err != nil {
			t.Error(err)
		}
		for line := range strings.SplitSeq(text, "\n") {
			if strings.HasPrefix(line, "---@") && (strings.Count(line, "{") != strings.Count(line, "}") || strings.Count(line, "(") != strings.Count(line, ")")) {
				t.Errorf("%s: a bracket is missing: %s", name, line)
			}
		}
		all += text
	}
	for _, m := range modules {
		for f := range m.functions() {
			if f.receiver == nil && !strings.Contains(all, "function "+f.full+"(") {
				t.Errorf("%s has no type", f.full)
			}
		}
	}
	if luac, err := exec.LookPath("luac5.1"); err != nil {
		t.Log("luac5.1 is not here: only our own parser has read the files")
	} else {
		files, _ := filepath.Glob("../scripts/types/*.lua")
		if out, err := exec.Command(luac, append([]string{"-p"}, files...)...).CombinedOutput(); err != nil || len(files) == 0 {
			t.Errorf("luac5.1 -p of %d files: %v\n%s", len(files), err, out)
		}
	}
	var settings map[string]any
	if err := json.Unmarshal([]byte(EditorSettings("types")), &settings); err != nil {
		t.Error(err)
	}
}

func TestHelp(t *testing.T) {
	for _, m := range modules {
		for f := range m.functions() {
			text, err := Help(f.full)
			if err != nil || !strings.Contains(text, f.Doc) || !strings.Contains(text, f.heading()) {
				t.Errorf("%s: %q, %v", f.full, text, err)
			}
		}
	}
	for _, name := range []string{"json", "math", "PDU", "handle_call", "esme.name", "pcall"} {
		if _, err := Help(name); err != nil {
			t.Error(err)
		}
	}
	for name, want := range map[string]string{"p.text": "in UTF-8", "pdu.text": "in UTF-8", "pdu.destination_addr": "A field.", "pdu:with": "Copies the PDU"} {
		if text, err := Help(name); err != nil || !strings.Contains(text, want) {
			t.Error(name, text, err)
		}
	}
	if _, err := Help("esme.sned"); err == nil || !strings.Contains(err.Error(), "did you mean 'esme.send'?") {
		t.Errorf("got %v", err)
	}
}

var className = regexp.MustCompile(`\b[A-Z]\w+`)

// Every type that an annotation names is declared: of the documentation's own, or LuaLS's.
func TestEditorTypesAreKnown(t *testing.T) {
	known := map[string]bool{}
	types := EditorTypes()
	for _, text := range types {
		for _, m := range regexp.MustCompile(`(?m)^---@(?:class|alias) (\w+)`).FindAllStringSubmatch(text, -1) {
			known[m[1]] = true
		}
	}
	named := 0
	for name, text := range types {
		for line := range strings.SplitSeq(text, "\n") {
			tag, rest, _ := strings.Cut(line, " ")
			if tag != "---@param" && tag != "---@return" && tag != "---@field" {
				continue
			}
			annotation, _, _ := strings.Cut(rest, " # ")
			for _, class := range className.FindAllString(regexp.MustCompile(`"[^"]*"`).ReplaceAllString(annotation, ""), -1) {
				named++
				if !known[class] {
					t.Errorf("%s: %s is declared nowhere: %s", name, class, line)
				}
			}
		}
	}
	if named < 50 {
		t.Fatalf("only %d names were found", named)
	}
}

// What status and with_session give is what is declared, and nothing else.
func TestStatusIsDeclared(t *testing.T) {
	r := bound(t, setup{script: `return { handle_call = function(_, _, state)
		local names = {}
		for name in pairs(esme.status()) do names[#names + 1] = name end
		for name in pairs(esme.with_session(function(session) return session end)) do names[#names + 1] = name end
		table.sort(names)
		return "reply", table.concat(names, " "), state end }`})
	names := []string{"send_raw"}
	for _, f := range statusKind.Fields {
		names = append(names, f.Name, f.Name)
	}
	slices.Sort(names)
	r.ask(strings.Join(names, " "))
}
