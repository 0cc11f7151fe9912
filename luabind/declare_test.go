package luabind

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/esmehost/esmehost/smsc"
)

// Every function of the API is declared whole: a document, an example, each parameter, each result.
func TestDeclarations(t *testing.T) {
	seen := map[string]bool{}
	sentence := func(where, doc string) {
		if doc == "" || !strings.HasSuffix(doc, ".") {
			t.Errorf("%s: the doc is no sentence: %q", where, doc)
		}
	}
	for _, m := range slices.Concat(modules, language) {
		sentence(m.Name, m.Doc)
		for _, v := range m.Values {
			sentence(m.Name+"."+v.Name, v.Doc)
		}
		for _, k := range m.Kinds {
			sentence(k.Name, k.Doc)
			for _, v := range k.Fields {
				sentence(k.Name+"."+v.Name, v.Doc)
			}
		}
		for f := range m.functions() {
			sentence(f.full, f.Doc)
			if seen[f.full] {
				t.Errorf("%s is declared twice", f.full)
			}
			seen[f.full] = true
			if f.Example == "" {
				t.Errorf("%s has no example", f.full)
			}
			for _, p := range slices.Concat(f.Params, f.Returns) {
				checkParam(t, f.full, p)
			}
		}
	}
	if len(seen) < 60 {
		t.Fatalf("only %d functions were found", len(seen))
	}
}

func checkParam(t *testing.T, where string, p param) {
	if p.Name == "" || p.Doc == "" || p.Type.what == "" || p.Type.editor == "" {
		t.Errorf("%s: the parameter or result %q has no name, type or doc", where, p.Name)
	}
	for _, k := range p.Type.keys {
		checkParam(t, where+" "+p.Name, k)
	}
}

// Every example runs, in a live bind: in a callback with p and state, in a task if the function waits.
func TestExamples(t *testing.T) {
	for _, m := range slices.Concat(modules, language) {
		for f := range m.functions() {
			if f.Example == "" {
				continue
			}
			t.Run(f.full, func(t *testing.T) { runExample(t, f.Example, f.Where == inTask) })
		}
	}
}

func runExample(t *testing.T, example string, task bool) {
	s := newSim(t)
	start := "example(p, state)\nlog.info('example done')"
	if task {
		start = "assert(esme.spawn(function() example(p, state)\nlog.info('example done') end))"
	}
	s.run(exampleOptions(t, "other"), map[string]string{"main.lua": `return {
		handle_info = function(m) if m.event == "bound" then log.info("other bound") end end,
		handle_call = function(r, from, state) return "reply", 42, state end }`})
	s.expect("other bound")
	b := s.run(exampleOptions(t, "test"), map[string]string{"main.lua": fmt.Sprintf(`
local function example(p, state)
%s
end
return {
	handle_info = function(m) if m.event == "bound" then log.info("test bound") end end,
	handle_pdu = function(p, state)
		%s
	end,
}`, example, start)})
	s.expect("test bound")
	if err := s.smsc.Deliver("test", smsc.MO{From: "491700000001", To: "12345", Text: "hello"}.PDU(), nil); err != nil {
		t.Fatal(err)
	}
	s.expect("example done")
	b.mu.Lock()
	h := b.current
	b.mu.Unlock()
	for h.generation().vm.Tasks() > 0 {
		runtime.Gosched()
	}
	for len(s.lines) > 0 {
		if l := <-s.lines; strings.HasPrefix(l, "script error") {
			t.Fatal(l)
		}
	}
}

// exampleOptions give a bind what the examples use.
func exampleOptions(t *testing.T, name string) Options {
	root := t.TempDir()
	if err := os.Mkdir(filepath.Join(root, "data"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "data", "routes.json"), []byte(`{"49": "germany"}`), 0o644); err != nil {
		t.Fatal(err)
	}
	return Options{Name: name, Transport: answering{}, Allow: Allow{Binds: []string{"*"}, StartBinds: true, HTTP: []string{"api.example.com"},
		Secrets: map[string]string{"api_key": "s3cret"}, Files: []string{"data/*.json"}, Root: root}}
}

// answering is a web server that says yes to everything.
type answering struct{}

func (answering) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 200, Header: http.Header{}, Request: r, Body: io.NopCloser(strings.NewReader(`{"route": "default"}`))}, nil
}

// What scripts can reach is declared, and nothing else.
func TestNothingIsUndeclared(t *testing.T) {
	for _, m := range slices.Concat(modules, language) {
		declared := map[string]bool{}
		for _, f := range m.Fns {
			declared[f.Name] = true
		}
		for _, v := range m.Values {
			declared[v.Name] = true
		}
		fields := library.Fields(m.Name)
		if m == &baseModule {
			fields = library.Fields("")
		}
		slices.Sort(fields)
		if want := slices.Sorted(maps.Keys(declared)); !slices.Equal(fields, want) {
			t.Errorf("module %s has %v, declared are %v", m.Name, fields, want)
		}
	}
}
