package host

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/esmehost/esmehost/luabind/vm"
)

// mistakes are what a script may have wrong: where the mistake goes, and what it says. %s is a word that the complaint is
// known by.
var mistakes = map[string]struct{ top, handle, change, end string }{
	"syntax error":                {top: "local = %s"},
	"undeclared global":           {top: "%s = 1"},
	"missing module":              {top: "require('%s')"},
	"error at load":               {top: "error('%s')"},
	"budget at load":              {top: "local %s = 1 while true do end"},
	"an effect at load":           {top: "esme.send('%s', 1)"},
	"a callback that is a string": {end: "M.handle_info = '%s' return M"},
	"no table":                    {end: "return '%s'"},
	"error in code_change":        {change: "state.n = -1 error('%s')"},
	"budget in code_change":       {change: "state.n = -1 local %s = 1 while true do end"},
	"nonsense from code_change":   {change: "return print --[[%s]]"},
	"an effect in code_change":    {change: "esme.send_pdu(pdu.submit_sm { destination_addr = '%s' })"},
	"errors in callbacks":         {handle: "error('%s')"},
	"budget in callbacks":         {handle: "local %s = 1 while true do end"},
	"nonsense from callbacks":     {handle: "do return print --[[%s]] end"},
	"an unknown function":         {top: "function M.handle_stop() esme.%s() end"},
}

// counting is a script that counts what it does in its state, with a mistake or none.
func counting(folder string, n int, mistake string) string {
	word := fmt.Sprintf("w%d_", n)
	put := func(format, otherwise string) string {
		if format == "" {
			return otherwise
		}
		return fmt.Sprintf(format, word)
	}
	m := mistakes[mistake]
	return fmt.Sprintf(`local M = { version = 1 } -- %[1]s
%[2]s
local part = require("%[3]s.part")
function M.init()
  assert(timer.every(0.1, "tick"))
  return { n = 0, responses = 0, results = 0, ticks = 0, crossed = 0 }
end
function M.handle_pdu(p, state)
  %[4]s
  assert(esme.send_pdu(pdu.submit_sm { destination_addr = "1", source_addr = tostring(esme.generation), short_message = (state.n + 1) .. " " .. part }))
  state.n = state.n + 1
  return state
end
function M.handle_send_pdu_result(p, err, state)
  if p.command == "submit_sm" and not err then state.results = state.results + 1 end
end
function M.handle_resp(resp, original, state)
  if original.command ~= "submit_sm" then return end
  state.responses = state.responses + 1
  if tonumber(original.source_addr) < esme.generation then state.crossed = state.crossed + 1 end
end
function M.handle_info(message, state)
  if message == "tick" then state.ticks = state.ticks + 1 end
end
function M.handle_cast(what, state)
  if what == "poison" then state.poison = print end
  if what == "heal" then state.poison = nil end
  if what == "release" then
    assert(state.from:reply(%[5]d))
    state.from = nil
  end
end
function M.handle_call(what, from, state)
  if what == "hold" then
    state.from = from
    return "noreply", state
  end
  return "reply", { n = state.n, responses = state.responses, results = state.results, ticks = state.ticks, crossed = state.crossed, held = state.from and 1 or 0 }, state
end
function M.code_change(_, state) -- %[1]s
  %[6]s
end
%[7]s
`, word, put(m.top, ""), folder, put(m.handle, ""), n, put(m.change, "return state"), put(m.end, "return M"))
}

// editor is somebody who edits one script.
type editor struct {
	*proof
	rand           *rand.Rand
	folder         string
	source, module string // of what the binds run
	binds          []string
	links          bool // the files are links into folders that are swapped, as in a ConfigMap
	n              int  // of the change
	kind           string
	taken          int            // changes of code, those back included
	done           map[string]int // by kind, and by style of saving
}

func newEditor(p *proof, i int, r *rand.Rand) *editor {
	e := &editor{proof: p, rand: r, folder: fmt.Sprintf("s%d", i), links: i%3 == 2, module: "return 'm0'", done: map[string]int{}}
	e.source = counting(e.folder, 0, "")
	return e
}

func (e *editor) main() string { return e.folder + "/main.lua" }
func (e *editor) part() string { return e.folder + "/part.lua" }

func (e *editor) path(file string) string { return filepath.Join(e.world.dir, file) }

// kinds are the changes that an editor makes; those that are made more often stand here more than once.
var kinds = func() []string {
	all := []string{"good", "good", "good", "good", "good", "another module", "another module", "a call over the change", "a state that cannot be copied",
		"touched", "the same again", "deleted and back", "broken, then mended"}
	for m := range mistakes {
		all = append(all, m)
	}
	return all
}()

// change makes one change and waits for what it is to cause. It reports false when that did not come.
func (e *editor) change() bool {
	e.n++
	e.kind = kinds[e.rand.IntN(len(kinds))]
	e.done[e.kind]++
	switch e.kind {
	case "good":
		return e.mend()
	case "another module":
		e.module = fmt.Sprintf("return 'm%d'", e.n)
		e.save(e.part(), e.module)
		e.save(e.main(), e.source)
		return e.runs()
	case "a call over the change":
		return e.callOverAChange()
	case "a state that cannot be copied":
		e.tell("poison", e.binds...)
		ok := e.refused(counting(e.folder, e.n, ""), "the state cannot be taken over")
		e.tell("heal", e.binds...)
		return ok && e.putBack()
	case "touched":
		now := time.Now()
		return os.Chtimes(e.path(e.main()), now, now) == nil
	case "the same again":
		return e.putBack()
	case "deleted and back":
		mark := e.world.log.mark()
		os.Remove(e.path(e.main()))
		ok := e.said(mark, "cannot read the script")
		if e.links {
			os.Symlink("..data/main.lua", e.path(e.main()))
		}
		return ok && e.putBack()
	case "broken, then mended":
		return e.refused(counting(e.folder, e.n, "syntax error"), e.word()) && e.mend()
	}
	source := counting(e.folder, e.n, e.kind)
	if mistakes[e.kind].handle == "" {
		return e.refused(source, e.word())
	}
	// It comes into the binds, fails there, and they go back.
	e.save(e.main(), source)
	mark := e.world.log.mark()
	back := eventually(e.world.t, "all have gone back from "+e.kind, func() bool {
		for _, name := range e.binds {
			if b, _ := e.world.host.bind(name); b.lua.Info().Generation != 1+e.taken+2 {
				return false
			}
		}
		return true
	})
	e.taken += 2
	return back && e.saidLine(mark, "the host went back to the last good one", e.main()) && e.mend()
}

func (e *editor) word() string { return fmt.Sprintf("w%d_", e.n) }

// mend saves good code and waits until it runs.
func (e *editor) mend() bool {
	e.source = counting(e.folder, e.n, "")
	e.save(e.main(), e.source)
	return e.runs()
}

// runs waits until all binds run what the editor has.
func (e *editor) runs() bool {
	e.taken++
	return eventually(e.world.t, "every bind runs it", func() bool {
		for _, name := range e.binds {
			b, _ := e.world.host.bind(name)
			prog := b.lua.Program()
			if string(prog.Source(e.main())) != e.source || string(prog.Source(e.part())) != e.module || b.lua.Info().Generation != 1+e.taken {
				return false
			}
		}
		return true
	})
}

// putBack saves what runs, which changes nothing, and waits until the host is content.
func (e *editor) putBack() bool {
	e.save(e.main(), e.source)
	return eventually(e.world.t, "the host is content with the file", func() bool {
		s := e.world.host.script(e.main())
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.said == "" && s.disk == s.prog.Hash
	})
}

// refused saves what is to be refused, and waits until the log says so.
func (e *editor) refused(source string, words ...string) bool {
	mark := e.world.log.mark()
	e.save(e.main(), source)
	return e.said(mark, words...)
}

func (e *editor) said(mark int, words ...string) bool {
	return e.saidLine(mark, append(words, "reload refused", "script="+e.main())...)
}

func (e *editor) saidLine(mark int, words ...string) bool {
	return eventually(e.world.t, fmt.Sprintf("the log says %q", words), func() bool {
		_, ok := e.world.log.since(mark, words...)
		return ok
	})
}

func (e *editor) tell(what string, binds ...string) {
	for _, b := range binds {
		target, err := e.world.host.Target(b)
		if err == nil {
			err = target.Cast(what)
		}
		if err != nil {
			e.world.t.Errorf("%s: %v", b, err)
		}
	}
}

// callOverAChange has a caller wait for what the old code has taken and the new code answers.
func (e *editor) callOverAChange() bool {
	bind := e.binds[e.rand.IntN(len(e.binds))]
	called := make(chan vm.Data, 1)
	go func() {
		target, _ := e.world.host.Target(bind)
		v, err := target.Call(context.Background(), "hold")
		if err != nil {
			v = err.Error()
		}
		called <- v
	}()
	held := func() bool { return e.numbers(bind)["held"] == 1 }
	if !eventually(e.world.t, "the call is taken", held) || !e.mend() {
		return false
	}
	e.tell("release", bind)
	if got := <-called; got != float64(e.n) {
		e.world.t.Errorf("%s: the caller got %v in change %d", e.folder, got, e.n)
		return false
	}
	return true
}

// save saves a file in one of the ways that editors and tools have.
func (e *editor) save(file, source string) {
	if e.links {
		e.done["swapped"]++
		e.must(e.swap(file, source))
		return
	}
	path := e.path(file)
	switch e.rand.IntN(4) {
	case 0:
		e.done["in place"]++
		e.must(os.WriteFile(path, []byte(source), 0o644))
	case 1:
		e.done["in pieces"]++
		e.must(e.inPieces(path, source))
	case 2:
		e.done["renamed"]++
		e.must(os.WriteFile(path+".tmp", []byte(source), 0o644))
		e.must(os.Rename(path+".tmp", path))
	case 3: // as vim does with backupcopy=no
		e.done["backed up"]++
		os.Rename(path, path+"~")
		e.must(os.WriteFile(path, []byte(source), 0o644))
		os.Remove(path + "~")
	}
}

func (e *editor) must(err error) {
	if err != nil {
		e.world.t.Errorf("%s: %v", e.folder, err)
	}
}

// inPieces truncates the file and writes it bit by bit, while messages pass.
func (e *editor) inPieces(path, source string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	for _, line := range splitAfterEach(source, len(source)/3+1) {
		seen := e.delivered.Load()
		eventually(e.world.t, "messages pass", func() bool { return e.delivered.Load() >= seen+int64(e.rand.IntN(60)) })
		if _, err := f.WriteString(line); err != nil {
			return err
		}
	}
	return f.Close()
}

func splitAfterEach(s string, n int) (pieces []string) {
	for len(s) > n {
		pieces, s = append(pieces, s[:n]), s[n:]
	}
	return append(pieces, s)
}

// swap writes a folder with both files and has the link ..data point to it, as Kubernetes does it.
func (e *editor) swap(file, source string) error {
	dir := e.path(e.folder)
	files := map[string]string{e.main(): e.source, e.part(): e.module}
	files[file] = source
	version, err := os.MkdirTemp(dir, "..v")
	if err != nil {
		return err
	}
	for f, src := range files {
		if err := os.WriteFile(filepath.Join(version, filepath.Base(f)), []byte(src), 0o644); err != nil {
			return err
		}
	}
	before, _ := os.Readlink(filepath.Join(dir, "..data"))
	tmp := filepath.Join(dir, "..data_tmp")
	if err := os.Symlink(filepath.Base(version), tmp); err != nil {
		return err
	}
	if err := os.Rename(tmp, filepath.Join(dir, "..data")); err != nil {
		return err
	}
	for f := range files { // the first time they are files yet
		link := e.path(f)
		if st, err := os.Lstat(link); err == nil && st.Mode()&os.ModeSymlink == 0 {
			os.Symlink(filepath.Join("..data", filepath.Base(f)), link+".link")
			if err := os.Rename(link+".link", link); err != nil {
				return err
			}
		}
	}
	if strings.HasPrefix(before, "..v") {
		return os.RemoveAll(filepath.Join(dir, before))
	}
	return nil
}
