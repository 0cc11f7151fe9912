package luabind

import (
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"weak"

	"github.com/esmehost/esmehost/esme"
	"github.com/esmehost/esmehost/luabind/vm"
	"github.com/esmehost/esmehost/pdu"
)

// What a script keeps through a function or an object of the API counts as if it kept it itself, and what cannot be
// reached by it any more is not kept. Each of these is given up to a MiB eight times.
func TestWhatTheAPIKeepsIsMeasured(t *testing.T) {
	for name, tt := range map[string]struct {
		hold string // a function of a text
		mib  int64  // that the state then holds
	}{
		"the iterator of re.gmatch":  {`function(s) return (re.gmatch(s, "zz")) end`, 8},
		"matches that it has found":  {`function(s) return (re.gmatch(("x"):rep(2^13), "x")) end`, 2},
		"the iterator of a map":      {`function() local m = map.open("m", { max = 2^12 }) for i = 1, 2^12 do m:set(("k"):rep(250) .. i, 1) end return (m:pairs()) end`, 8},
		"a timer that was cancelled": {`function(s) local t = assert(timer.every("1h", s)) t:cancel() return t end`, 0},
		"PDUs":                       {`function(s) local t = {} for i = 1, 16 do t[i] = pdu.submit_sm { message_payload = ("x"):rep(2^16 - 1) } end return t end`, 8},
		"a message that comes later": {`function(s) assert(esme.send_after("1h", s)) end`, 0}, // it waits for the bind: limits.memory bounds those by itself
	} {
		t.Run(name, func(t *testing.T) {
			r := bound(t, setup{options: Options{Limits: vm.Limits{Instructions: 1e9}}, script: fmt.Sprintf(`
local kept, from = {}, nil
local hold = %s
return { handle_call = function(_, caller, state)
  from = caller
  for i = 1, 8 do kept[i] = hold(i .. ("x"):rep(2^20 - 1000)) end
  kept.small = true
  return "reply", true, state
end }`, tt.hold)})
			r.call(nil)
			state := r.bind.handler().generation().vm
			state.Lock()
			defer state.Unlock()
			if held := state.Memory() / 1e6; held < tt.mib || held > tt.mib*5/4+1 {
				t.Errorf("it is found to hold %d MB", held)
			}
		})
	}
}

// What a map keeps past its session does not keep the session, whose state may hold limits.memory: not a PDU of the
// peer, a response to it, a timer, or the handle of a caller. They are good as far as they can be.
func TestAMapDoesNotKeepSessions(t *testing.T) {
	r := bound(t, setup{script: `
local m = map.open("m", { max = 10 })
return {
  handle_pdu = function(p)
    assert(m:set("pdu", p) and m:set("response", p:response()) and m:set("timer", assert(timer.every("1h", "x"))))
    log.info("kept")
  end,
  handle_call = function(_, from, state)
    if not m:get("from") then
      m:set("from", from)
      return "reply", true, state
    end
    local p, _, err = m:get("pdu"), esme.reply(m:get("pdu"), m:get("response"))
    local _, err2 = esme.defer(p)
    return "reply", p.source_addr .. " " .. err.code .. " " .. err2.code .. " " .. tostring(m:get("timer"):cancel()), state
  end,
}`})
	r.peer.send("deliver_sm", 7, pdu.ESME_ROK, "source_addr", "491700000001")
	r.expect("kept")
	r.call(nil)
	old := weak.Make(r.bind.handler().generation())
	r.peer.conn.Close()
	<-r.exit
	r.connect(esme.Config{})
	r.peer.answer(r.peer.expect("bind_transceiver"), pdu.ESME_ROK)
	if got := r.call(nil); got != "491700000001 stopped stopped false" {
		t.Errorf("got %v", got)
	}
	for range 1000 {
		if runtime.GC(); old.Value() == nil {
			return
		}
		runtime.Gosched()
	}
	t.Error("the state of the session that ended is still there")
}

// Answers to callers who have given up are not kept with their handles.
func TestAnswersThatComeTooLateAreNotKept(t *testing.T) {
	const calls = 64
	r := bound(t, setup{script: `
local callers = {}
return {
  handle_call = function(request, from)
    if request == "how many" then return "reply", #callers end
    callers[#callers + 1] = from
    return "noreply"
  end,
  handle_cast = function(i) assert(callers[i]:reply(i .. ("x"):rep(1000000))) end,
}`})
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for range calls {
		r.bind.Target().Call(gone, "later")
	}
	heap := func() int64 {
		if r.call("how many") != float64(calls) {
			t.Fatal("they have not come")
		}
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before := heap()
	for i := range calls {
		r.cast(float64(i + 1))
	}
	if grew := heap() - before; grew > calls<<20/4 {
		t.Errorf("the heap grew by %d octets", grew)
	}
}

// eachFunction visits the functions of the packages that scripts have to do with, tests left out.
func eachFunction(t *testing.T, visit func(file, name string, body ast.Node)) {
	t.Helper()
	var files []string
	for _, dir := range []string{"*.go", "vm/*.go"} {
		found, err := filepath.Glob(dir)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				visit(file, d.Name.Name, d)
			case *ast.GenDecl:
				for _, s := range d.Specs {
					if v, ok := s.(*ast.ValueSpec); ok {
						visit(file, v.Names[0].Name, v)
					}
				}
			}
		}
	}
}

// made is where functions of Go and host objects are made without vm.NewFunction and vm.NewUserData, and why that is
// right.
var made = map[string]string{
	"vm/coroutines.go coPass":   "shared: it keeps nothing",
	"vm/traverse.go ipairsNext": "shared: it keeps nothing",
	"vm/base.go builtin":        "of a state that nobody else sees",
	"vm/library.go sealed":      "shared: a mark",
	"vm/library.go NewLibrary":  "shared",
	"vm/library.go add":         "shared",
	"declare.go methods":        "shared",
	"values.go newMeta":         "shared",
	"values.go textMeta":        "shared",
	"mod_json.go jsonNull":      "shared",
	"mod_map.go init":           "shared",
	"held.go ownPDU":            "a pduValue, in one piece with it",
	"held.go wrapPDU":           "a pduValue, in one piece with it",
	"vm/kept.go NewUserData":    "here it is",
	"vm/kept.go NewFunction":    "here it is",
	"vm/kept.go Keep":           "here it is",
}

// A function of Go or a host object that a script can hold tells the size of what it keeps: it is made by
// vm.NewFunction or vm.NewUserData, or stands in the table.
func TestWhatGoKeepsHasASize(t *testing.T) {
	found := map[string]bool{}
	eachFunction(t, func(file, name string, body ast.Node) {
		ast.Inspect(body, func(n ast.Node) bool {
			var what *ast.SelectorExpr
			switch n := n.(type) {
			case *ast.CompositeLit:
				what, _ = n.Type.(*ast.SelectorExpr)
			case *ast.CallExpr:
				what, _ = n.Fun.(*ast.SelectorExpr)
			}
			if what == nil {
				return true
			}
			of, _ := what.X.(*ast.Ident)
			ours := of != nil && of.Name == "vm"
			switch what.Sel.Name {
			case "LFunction", "LUserData", "LGFunction", "NewFunction", "NewClosure", "NewUserData":
				if place := file + " " + name; !ours {
					found[place] = true
					if made[place] == "" {
						t.Errorf("%s makes a %s: is what it keeps measured? Use vm.NewFunction or vm.NewUserData", place, what.Sel.Name)
					}
				}
			}
			return true
		})
	})
	for place := range made {
		if !found[place] {
			t.Errorf("%s makes nothing any more", place)
		}
	}
}
