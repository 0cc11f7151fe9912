package luabind

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	lua "github.com/yuin/gopher-lua"

	"github.com/esmehost/esmehost/luabind/vm"
)

// Each file of testdata/api returns cases by name, and under tasks such as run in tasks. They run in a live
// bind, each in a callback or task of its own, under the limits of production.
func TestModules(t *testing.T) {
	files, err := filepath.Glob("testdata/api/*.lua")
	if err != nil || len(files) < 9 {
		t.Fatal(files, err)
	}
	check, err := os.ReadFile("testdata/api/check.lua")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".lua")
		if name == "check" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			src, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			runCases(t, map[string]string{"check.lua": string(check), "test_" + name + ".lua": string(src)}, name)
		})
	}
}

const runner = `
local cases = require "test_%s"
local tasks = cases.tasks or {}
cases.tasks = nil
return {
  handle_info = function(m)
    if m.event == "bound" then log.info("ready") end
  end,
  handle_cast = function() end,
  handle_call = function(name)
    if name == "names" then
      local names = {}
      for name in pairs(cases) do names[#names + 1] = name end
      for name in pairs(tasks) do names[#names + 1] = name end
      return "reply", names
    end
    if tasks[name] then
      assert(esme.spawn(function() tasks[name]() log.info("done " .. name) end))
    else
      cases[name]()
      log.info("done " .. name)
    end
    return "reply", "ok"
  end,
}`

func runCases(t *testing.T, files map[string]string, name string) {
	s := newSim(t)
	opts := exampleOptions(t, "test")
	opts.Allow.Binds = []string{"test", "allowed-*"}
	opts.Allow.StartBinds = false
	opts.Args = &vm.Table{Hash: map[vm.Data]vm.Data{"name": "acme", "yes": true, "wait": "1500ms", "list": &vm.Table{Array: []vm.Data{"a", "b"}},
		"deep": &vm.Table{Hash: map[vm.Data]vm.Data{"n": 7.0}}}}
	trap(t, opts.Allow.Root)
	files["main.lua"] = fmt.Sprintf(runner, name)
	b := s.run(opts, files)
	s.expect("ready")
	names, err := b.Target().Call(t.Context(), "names")
	if err != nil {
		t.Fatal(err)
	}
	list := names.(*vm.Table).Array
	if len(list) == 0 {
		t.Fatal("there are no cases")
	}
	for _, n := range list {
		t.Run(n.(string), func(t *testing.T) {
			_, err := b.Target().Call(t.Context(), n)
			want := "done " + n.(string)
			if strings.Contains(n.(string), "is stopped") { // by a limit, which nothing catches
				want = "script error"
			}
			for {
				l := <-s.lines
				if strings.Contains(l, "s3cret") {
					t.Errorf("a secret is in the log: %s", l)
				}
				if strings.HasPrefix(l, want) {
					if want == "script error" && (err == nil || !strings.Contains(l, "(limits.")) {
						t.Fatal("it was stopped by something else: ", l)
					}
					return
				}
				if strings.HasPrefix(l, "script error") {
					t.Fatal(l)
				}
			}
		})
	}
}

// Numbers have 53 bits: what a host hands over as a number loses digits in a bare state, and nobody notices. Ids and addresses
// are strings here, wherever they come from.
func TestIdsKeepTheirDigits(t *testing.T) {
	const id = "900719925474099312345"
	L := lua.NewState()
	defer L.Close()
	n, err := strconv.ParseFloat(id, 64)
	if err != nil {
		t.Fatal(err)
	}
	L.SetGlobal("id", lua.LNumber(n))
	if err := L.DoString("text = tostring(id)"); err != nil || L.GetGlobal("text").String() == id {
		t.Errorf("a bare state keeps %v, %v", L.GetGlobal("text"), err)
	}
	r := bound(t, setup{script: `return { handle_call = function(m, _, state)
  local p = pdu.submit_sm_resp { message_id = m }
  local q = pdu.deliver_sm { source_addr = p.message_id, receipted_message_id = json.decode('{"id":' .. m .. '}').id }
  assert(not pcall(pdu.submit_sm_resp, { message_id = m + 0 }))
  return "reply", { p.message_id, q.source_addr, q.receipted_message_id, json.encode({ id = p.message_id }) }, state
end }`})
	for i, v := range r.call(id).(*vm.Table).Array {
		if v != id && v != `{"id":"`+id+`"}` {
			t.Errorf("%d: %v", i, v)
		}
	}
}

// trap lays out files that must not be read.
func trap(t *testing.T, root string) {
	t.Helper()
	data := filepath.Join(root, "data")
	outside := filepath.Join(t.TempDir(), "outside")
	for _, err := range []error{
		os.WriteFile(outside, []byte("x"), 0o644), os.WriteFile(filepath.Join(root, "secret.txt"), []byte("x"), 0o644),
		os.Symlink(outside, filepath.Join(data, "out.json")), os.Mkdir(filepath.Join(data, "folder.json"), 0o755),
		syscall.Mkfifo(filepath.Join(data, "fifo.json"), 0o644), os.WriteFile(filepath.Join(data, "large.json"), nil, 0o644),
		os.Truncate(filepath.Join(data, "large.json"), 5<<20),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
}
