package luabind

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/esmehost/esmehost/esme"
	"github.com/esmehost/esmehost/luabind/vm"
	"github.com/esmehost/esmehost/pdu"
)

func TestMain(m *testing.M) {
	if os.Getenv(sinkEnv) != "" {
		runSink()
		return
	}
	goleak.VerifyTestMain(m)
}

// rig is a bind that runs a script against a peer that the test plays, over loopback TCP. The script says
// what it saw by log.info; expect reads that.
type rig struct {
	t     *testing.T
	dir   string
	bind  *Bind
	conn  net.Conn // the bind's
	peer  *peer
	lines chan string
	exit  chan esme.Exit
}

type setup struct {
	script  string
	esme    esme.Config
	options Options
}

func start(t *testing.T, s setup) *rig {
	t.Helper()
	r := &rig{t: t, dir: t.TempDir(), lines: make(chan string, 10_000), exit: make(chan esme.Exit, 1)}
	opts := s.options
	if opts.Name == "" {
		opts.Name = "test"
	}
	opts.Limits.Time = max(opts.Limits.Time, 10*time.Second)
	opts.Log = slog.New(lineHandler{lines: r.lines})
	r.bind = NewBind(opts, r.compile(s.script))
	r.connect(s.esme)
	return r
}

// connect starts the bind's next session, with a peer of its own.
func (r *rig) connect(cfg esme.Config) {
	t := r.t
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	in, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	in.SetDeadline(time.Now().Add(30 * time.Second))
	r.conn, r.peer = conn, &peer{t: t, conn: in}
	sess := esme.NewSession(cfg, r.bind.NewHandler(), nil)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		r.exit <- sess.Run(ctx, conn)
		close(ended)
	}()
	t.Cleanup(func() {
		cancel()
		in.Close()
		<-ended
	})
}

// bound starts a bind and accepts it.
func bound(t *testing.T, s setup) *rig {
	t.Helper()
	r := start(t, s)
	r.peer.answer(r.peer.expect("bind_transceiver"), pdu.ESME_ROK)
	return r
}

func (r *rig) compile(script string) *vm.Program {
	r.t.Helper()
	if err := os.WriteFile(filepath.Join(r.dir, "s.lua"), []byte(script), 0o644); err != nil {
		r.t.Fatal(err)
	}
	prog, wrong := Compile(r.dir, "s.lua")
	if len(wrong) > 0 {
		r.t.Fatal(wrong.Error())
	}
	return prog
}

// expect waits for a line that starts with want. Lines before it are passed over.
func (r *rig) expect(want string) string {
	r.t.Helper()
	var seen []string
	for {
		select {
		case l := <-r.lines:
			if strings.HasPrefix(l, want) {
				return l
			}
			seen = append(seen, l)
		case <-time.After(20 * time.Second):
			r.t.Fatalf("no line %q; seen:\n%s", want, strings.Join(seen, "\n"))
		}
	}
}

// next is the next line, which must be want.
func (r *rig) next(want ...string) {
	r.t.Helper()
	for _, w := range want {
		if l := r.line(); l != w {
			r.t.Fatalf("got  %s\nwant %s", l, w)
		}
	}
}

func (r *rig) line() string {
	r.t.Helper()
	select {
	case l := <-r.lines:
		return l
	case <-time.After(20 * time.Second):
		r.t.Fatal("no line came")
	}
	return ""
}

// lineHandler gives the log to the test, a line each: the message and the fields that matter.
type lineHandler struct {
	slog.Handler
	lines chan string
}

func (h lineHandler) Enabled(context.Context, slog.Level) bool { return true }
func (h lineHandler) WithAttrs([]slog.Attr) slog.Handler       { return h }
func (h lineHandler) Handle(_ context.Context, r slog.Record) error {
	line := r.Message
	r.Attrs(func(a slog.Attr) bool {
		switch a.Key {
		case "fields":
			j, _ := json.Marshal(a.Value.Any())
			line += " " + string(j)
		case "error", "reason", "pdu", "suppressed":
			line += " " + a.Key + "=" + a.Value.String()
		}
		return true
	})
	h.lines <- line
	return nil
}

// peer is an SMSC that does what the test says.
type peer struct {
	t    *testing.T
	conn net.Conn
	buf  []byte
}

// expect reads the next PDU, which must be this command.
func (p *peer) expect(command string) *pdu.PDU {
	p.t.Helper()
	got := p.next()
	if got.CommandID().String() != command {
		p.t.Fatalf("the bind sent %s, want %s", got, command)
	}
	return got
}

func (p *peer) next() *pdu.PDU {
	p.t.Helper()
	for {
		n, err := pdu.FrameLength(p.buf, 1<<20)
		if err != nil {
			p.t.Fatal(err)
		}
		if n > 0 && len(p.buf) >= n {
			got := new(pdu.PDU)
			if err := got.Decode(p.buf[:n]); err != nil {
				p.t.Fatal(err)
			}
			got = got.Clone()
			p.buf = p.buf[n:]
			return got
		}
		chunk := make([]byte, 4096)
		k, err := p.conn.Read(chunk)
		if err != nil {
			p.t.Fatalf("waiting for a PDU: %v", err)
		}
		p.buf = append(p.buf, chunk[:k]...)
	}
}

func (p *peer) answer(req *pdu.PDU, status pdu.Status, fields ...string) {
	p.t.Helper()
	id, _ := req.CommandID().Response()
	p.send(id.String(), req.SequenceNumber(), status, fields...)
}

func (p *peer) send(command string, seq uint32, status pdu.Status, fields ...string) {
	p.t.Helper()
	p.raw(p.make(command, seq, status, fields...))
}

// make is what send sends.
func (p *peer) make(command string, seq uint32, status pdu.Status, fields ...string) []byte {
	p.t.Helper()
	cmd, ok := pdu.CommandByName(command)
	if !ok {
		p.t.Fatalf("no command %s", command)
	}
	b := pdu.NewBuilder(cmd)
	b.SetSequence(seq)
	b.SetStatus(status)
	for i := 0; i < len(fields); i += 2 {
		f, _ := pdu.FieldByName(fields[i])
		b.SetString(f, fields[i+1])
	}
	return b.Build().AppendTo(nil)
}

func (p *peer) raw(octets []byte) {
	p.t.Helper()
	if _, err := p.conn.Write(octets); err != nil {
		p.t.Fatal(err)
	}
}

// Each callback is seen with the arguments that the behaviour documents.
func TestCallbacks(t *testing.T) {
	for _, tt := range []struct {
		name string
		setup
		run func(t *testing.T, r *rig)
	}{
		{"init gets args, and is first", setup{
			script: `return {
				init = function(args) log.info("init " .. args.greeting) return { n = 1 } end,
				handle_info = function(m, state) log.info(("info %s %s %d %d"):format(m.event, m.mode, m.session, state.n)) end }`,
			options: Options{Args: &vm.Table{Hash: map[vm.Data]vm.Data{"greeting": "hi"}}},
		}, func(t *testing.T, r *rig) { r.next("init hi"); r.expect("info bound transceiver 1 1") }},
		{"init that refuses: no handle_stop", setup{
			script: `return { init = function() return nil, "not today" end, handle_stop = function() log.info("stop") end }`,
		}, nil},
		{"handle_pdu, its state, and esme.reply", setup{
			script: `return {
				init = function() return { n = 0 } end,
				handle_pdu = function(p, state)
					state.n = state.n + 1
					log.info(("pdu %s from %s: %s (%d)"):format(p.command, p.source_addr, p.text, state.n))
					assert(esme.reply(p, pdu.deliver_sm_resp { command_status = "ESME_RX_P_APPN" }))
					local ok, err = esme.reply(p, pdu.deliver_sm_resp())
					log.info(tostring(ok) .. " " .. err.code)
					return { n = state.n }
				end }`,
		}, func(t *testing.T, r *rig) {
			for seq := uint32(7); seq < 9; seq++ {
				r.peer.send("deliver_sm", seq, 0, "source_addr", "100", "short_message", "hi")
				if got := r.peer.expect("deliver_sm_resp"); got.SequenceNumber() != seq || got.CommandStatus() != pdu.ESME_RX_P_APPN {
					t.Fatalf("got %s", got)
				}
				r.expect(fmt.Sprintf("pdu deliver_sm from 100: hi (%d)", seq-6))
				r.next("nil answered")
			}
		}},
		{"handle_resp with the original", setup{
			script: `return {
				handle_info = function() esme.send_pdu(pdu.submit_sm { destination_addr = "200" }) end,
				handle_resp = function(p, original) log.info(("resp %s %s %s %s"):format(p.command, p.status, p.message_id, original.destination_addr)) end }`,
		}, func(t *testing.T, r *rig) {
			r.peer.answer(r.peer.expect("submit_sm"), pdu.ESME_ROK, "message_id", "abc")
			r.expect("resp submit_sm_resp ESME_ROK abc 200")
		}},
		{"handle_resp_timeout", setup{
			script: `return {
				handle_info = function() esme.send_pdu(pdu.submit_sm { destination_addr = "200" }) end,
				handle_resp_timeout = function(p) log.info("timeout " .. p.destination_addr) end }`,
			esme: esme.Config{ResponseLimit: 20 * time.Millisecond},
		}, func(t *testing.T, r *rig) { r.peer.expect("submit_sm"); r.expect("timeout 200") }},
		{"handle_send_pdu_result, written and refused", setup{
			script: `return {
				handle_info = function()
					esme.send_pdu(pdu.submit_sm { destination_addr = "200" })
					esme.send_pdu(pdu.submit_sm { destination_addr = ("1"):rep(30) })
				end,
				handle_send_pdu_result = function(p, err)
					log.info(("result %s %s %s"):format(p.command, #p.destination_addr, err and err.code .. " " .. err.written or "ok"))
				end }`,
		}, func(t *testing.T, r *rig) {
			r.peer.expect("submit_sm")
			r.expect("result submit_sm 3 ok")
			r.expect("result submit_sm 30 invalid_pdu never")
		}},
		{"handle_stop with reason and lost PDUs", setup{
			script: `return {
				handle_info = function() esme.send_pdu(pdu.submit_sm { destination_addr = "200" }) end,
				handle_stop = function(reason, lost, state)
					log.info(("stop %s %s %d %s"):format(reason.kind, tostring(reason), #lost, lost[1].destination_addr))
					return "my reason", state
				end }`,
		}, func(t *testing.T, r *rig) {
			r.peer.expect("submit_sm")
			r.peer.conn.Close()
			r.expect("stop socket_closed socket_closed 1 200")
			if e := <-r.exit; e.Exit != "my reason" {
				t.Fatalf("exit %+v", e)
			}
		}},
		{"handle_lost_pdus when the script dies", setup{
			script: `return {
				handle_info = function() esme.send_pdu(pdu.submit_sm { destination_addr = "200" }) end,
				handle_pdu = function() error("boom") end,
				handle_stop = function() log.info("stop") end,
				handle_lost_pdus = function(name, reason, pdus) log.info(("lost %s %s %d %s"):format(name, reason.kind, #pdus, pdus[1].destination_addr)) end }`,
			options: Options{Crash: true},
		}, func(t *testing.T, r *rig) {
			r.peer.expect("submit_sm")
			r.peer.send("deliver_sm", 1, 0)
			r.expect("script error error=s.lua:3: boom")
			r.peer.conn.Close()
			r.expect("lost test script_error 1 200")
		}},
		{"handle_call replies, now and later; handle_cast; handle_info", setup{
			script: `local later
			return {
				init = function() return { casts = 0 } end,
				handle_call = function(request, from, state)
					if request.later then later = from return "noreply", state end
					return "reply", { echo = request.text, casts = state.casts }, state
				end,
				handle_cast = function(request, state) state.casts = state.casts + request return state end,
				handle_info = function(m) if m.now then later:reply("done") end end }`,
		}, func(t *testing.T, r *rig) {
			target := r.bind.Target()
			ctx := context.Background()
			if err := target.Cast(3.0); err != nil {
				t.Fatal(err)
			}
			got, err := target.Call(ctx, &vm.Table{Hash: map[vm.Data]vm.Data{"text": "x"}})
			if j, _ := vm.JSON(got); err != nil || string(j) != `{"casts":3,"echo":"x"}` {
				t.Fatalf("%s, %v", j, err)
			}
			answer := make(chan vm.Data, 1)
			go func() {
				v, _ := target.Call(ctx, &vm.Table{Hash: map[vm.Data]vm.Data{"later": true}})
				answer <- v
			}()
			for {
				if err := target.Info(&vm.Table{Hash: map[vm.Data]vm.Data{"now": true}}); err != nil {
					t.Fatal(err)
				}
				select {
				case v := <-answer:
					if v != "done" {
						t.Fatalf("got %v", v)
					}
					return
				case <-time.After(time.Millisecond):
				}
			}
		}},
		{"handle_unparsed_pdu, and the nack after it", setup{
			script: `return { handle_unparsed_pdu = function(raw, err) log.info(("unparsed %d %s %s"):format(#raw, err.code, err.message)) end }`,
		}, func(t *testing.T, r *rig) {
			r.peer.raw([]byte{0, 0, 0, 16, 0, 1, 2, 9, 0, 0, 0, 0, 0, 0, 0, 7})
			if got := r.peer.expect("generic_nack"); got.SequenceNumber() != 7 || got.CommandStatus() != pdu.ESME_RINVCMDID {
				t.Fatalf("got %s", got)
			}
			r.expect("unparsed 16 ESME_RINVCMDID unknown command_id 0x00010209")
		}},
		{"code_change gets the old version and the copied state", setup{
			script: `return { version = 1, init = function() return { n = 41 } end }`,
		}, func(t *testing.T, r *rig) {
			next := r.compile(`return { version = 2,
				code_change = function(old, state) log.info(("change %d %d %d"):format(old, state.n, esme.generation)) state.n = state.n + 1 return state end,
				handle_call = function(_, _, state) return "reply", state.n, state end }`)
			if err := r.bind.Reload(context.Background(), next); err != nil {
				t.Fatal(err)
			}
			r.expect("change 1 41 2")
			if v, err := r.bind.Target().Call(context.Background(), nil); err != nil || v != 42.0 {
				t.Fatalf("%v, %v", v, err)
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.run == nil {
				r := start(t, tt.setup)
				if e := <-r.exit; e.Refused == nil || e.Refused.Error() != "init refused: not today" {
					t.Fatalf("exit %+v", e)
				}
				close(r.lines)
				for l := range r.lines {
					t.Errorf("logged %s", l)
				}
				return
			}
			tt.run(t, bound(t, tt.setup))
		})
	}
}

// A script without callbacks but one: the host does what the behaviour says.
func TestDefaults(t *testing.T) {
	r := bound(t, setup{
		script:  `return { handle_cast = function(_, state) log.info("state " .. state) esme.send_pdu(pdu.submit_sm { destination_addr = "200" }) end }`,
		esme:    esme.Config{ResponseLimit: 20 * time.Millisecond},
		options: Options{Args: "whatever"},
	})
	target := r.bind.Target()
	r.peer.send("deliver_sm", 9, 0)
	if got := r.peer.expect("deliver_sm_resp"); got.CommandStatus() != pdu.ESME_ROK || got.Len() != 17 {
		t.Fatalf("got %s of %d octets", got, got.Len())
	}
	r.peer.raw([]byte{0, 0, 0, 16, 0, 1, 2, 9, 0, 0, 0, 0, 0, 0, 0, 7})
	r.peer.expect("generic_nack")
	if v, err := target.Call(context.Background(), "anything"); err != nil || v != "ok" {
		t.Fatalf("%v, %v", v, err)
	}
	if err := target.Info("anything"); err != nil {
		t.Fatal(err)
	}
	if err := target.Cast(nil); err != nil {
		t.Fatal(err)
	}
	r.expect("state whatever") // without init the state is args
	r.peer.expect("submit_sm")
	r.expect("no response in time")
	if err := target.Cast(nil); err != nil {
		t.Fatal(err)
	}
	r.peer.answer(r.peer.expect("submit_sm"), pdu.ESME_ROK) // without handle_resp it is settled in silence
	if err := r.bind.Reload(context.Background(), r.compile(`return { init = function() end, handle_cast = function() end }`)); err != nil {
		t.Fatal(err)
	}
	r.peer.conn.Close()
	r.expect("session ended reason=socket_closed")
	if e := <-r.exit; e.Exit != "normal" || !e.Bound {
		t.Fatalf("exit %+v", e)
	}
	if _, err := target.Call(context.Background(), nil); !errors.Is(err, &esme.Error{Code: esme.CodeStopped}) {
		t.Fatalf("a call after the end: %v", err)
	}
}

// Without handle_lost_pdus what was lost when the script died is logged, and so it is when that fails.
func TestDefaultOfLostPDUs(t *testing.T) {
	for _, fails := range []string{"", "\nhandle_lost_pdus = function() error(1) end,"} {
		r := bound(t, setup{
			script: `return {
			handle_info = function() esme.send_pdu(pdu.submit_sm { destination_addr = "200" }) end,
			handle_pdu = function() error("boom") end,` + fails + "}",
			options: Options{Crash: true},
		})
		r.peer.expect("submit_sm")
		r.peer.send("deliver_sm", 1, 0)
		r.expect("script error error=s.lua:3: boom")
		r.peer.conn.Close()
		r.expect(`request lost: sent, and no response pdu=submit_sm 2 destination_addr="200"`)
		if e := <-r.exit; e.Reason.Kind != esme.KindScriptError || e.Exit == "normal" {
			t.Fatalf("exit %+v", e)
		}
	}
}

// With auto_reply none what the script answers is all that the SMSC hears, but for what failed: that it is to keep.
func TestNoAutoReplyKeepsWhatFailed(t *testing.T) {
	r := bound(t, setup{
		script: `return { handle_pdu = function(p)
			if p.text == "raise" then error("boom") end
			if p.text == "defer" then assert(esme.defer(p, "5ms")) end
		end }`,
		esme: esme.Config{NoAutoReply: true},
	})
	r.peer.send("deliver_sm", 1, 0, "short_message", "nothing")
	for i, what := range []string{"raise", "defer"} {
		r.peer.send("deliver_sm", uint32(2+i), 0, "short_message", what)
		if got := r.peer.expect("deliver_sm_resp"); got.SequenceNumber() != uint32(2+i) || got.CommandStatus() != pdu.ESME_RX_T_APPN {
			t.Fatalf("%s is answered %v", what, got)
		}
	}
}

// What a script does wrong is answered ESME_RX_T_APPN, and the session lives.
func TestScriptErrors(t *testing.T) {
	for _, tt := range []struct{ name, body, line string }{
		{"raises", `error("boom")`, "script error error=s.lua:2: boom"},
		{"loops for ever", `while true do end`, "script error error=s.lua:2: ran more than 100000 instructions (limits.instructions)"},
		{"loops and catches it", `while true do pcall(function() while true do end end) end`, "script error error=s.lua:2: ran more than 100000"},
		{"returns nonsense", `return function() end`, "script error error=s.lua:1: handle_pdu returned as the state, which must be a table or another plain value: a function"},
		{"sends what is no PDU", `esme.send_pdu("x")`, "script error error=s.lua:2: esme.send_pdu: argument 1 (pdu) must be a PDU, is string"},
		{"mistypes a field", `pdu.submit_sm { sorce_addr = "1" }`, "script error error=s.lua:2: pdu.submit_sm: field 'sorce_addr' is not in submit_sm; did you mean 'source_addr'?"},
		{"waits in a callback", `esme.sleep(1)`, "script error error=s.lua:2: esme.sleep: waits, and callbacks must not: use esme.spawn"},
		{"writes to a PDU", `p.source_addr = "1"`, "script error error=s.lua:2: a PDU is read-only: 'source_addr' cannot be assigned"},
		{"reads a field that is none", `return p.recipt`, "script error error=s.lua:2: a PDU has no field 'recipt'; did you mean 'receipt'?"},
		{"mistypes an option", `esme.send_pdu(pdu.submit_sm(), { wiat = 1 })`, "script error error=s.lua:2: esme.send_pdu: unknown option 'wiat'; did you mean 'wait'?"},
		{"answers after an invalid reply", `esme.reply(p, pdu.deliver_sm_resp { message_id = ("x"):rep(99) })`, "PDU not sent"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := bound(t, setup{
				script:  "return { handle_pdu = function(p, state)\n" + tt.body + "\nend }",
				options: Options{Limits: vm.Limits{Instructions: 100_000}},
			})
			for seq := uint32(1); seq < 4; seq++ {
				r.peer.send("deliver_sm", seq, 0)
				if got := r.peer.expect("deliver_sm_resp"); got.CommandStatus() != pdu.ESME_RX_T_APPN || got.SequenceNumber() != seq {
					t.Fatalf("got %s", got)
				}
				if seq == 1 { // the same error again is counted, not told
					r.expect(tt.line)
				}
			}
		})
	}
}

func TestTooManyErrorsEndTheBind(t *testing.T) {
	r := bound(t, setup{script: `return { handle_pdu = function() error("boom") end }`, options: Options{Errors: 3}})
	for seq := uint32(1); seq < 5; seq++ {
		r.peer.send("deliver_sm", seq, 0)
	}
	if e := <-r.exit; e.Reason.Kind != esme.KindScriptError {
		t.Fatalf("exit %+v", e)
	}
}

func TestTasks(t *testing.T) {
	r := bound(t, setup{script: `
		local function work(to)
			esme.sleep("1ms")
			local resp, err = esme.request(pdu.submit_sm { destination_addr = to }, "10s")
			log.info("task " .. (resp and resp.message_id or err.code))
			local none, err = esme.request(pdu.submit_sm { destination_addr = "late" }, "20ms")
			log.info(("task %s %s %s"):format(tostring(none), err.code, err.written))
			assert(esme.send_pdu(pdu.submit_sm { destination_addr = "waited" }, { wait = "5s" }))
			error("at the end")
		end
		return {
			handle_info = function(m) assert(esme.spawn(work, "200")) end,
			handle_resp = function(p, original) log.info("resp " .. original.destination_addr) end,
		}`})
	r.peer.answer(r.peer.expect("submit_sm"), pdu.ESME_ROK, "message_id", "abc")
	r.expect("task abc")
	late := r.peer.expect("submit_sm")
	r.expect("task nil timeout ") // written, or unknown while the write is not reported
	r.peer.answer(late, pdu.ESME_ROK)
	waited := r.peer.expect("submit_sm")
	r.expect("script error error=s.lua:9: at the end")
	r.peer.answer(waited, pdu.ESME_ROK)
	r.expect("resp waited")
}

func TestDeferredAnswers(t *testing.T) {
	r := bound(t, setup{script: `
		return { handle_pdu = function(p)
			if p.text == "never" then esme.defer(p, "5ms") return end
			esme.defer(p)
			esme.send_after("1ms", { pdu = p })
		end,
		handle_info = function(m) if m.pdu then esme.send_pdu(m.pdu:response { command_status = "ESME_RX_R_APPN" }) end end }`})
	r.peer.send("deliver_sm", 5, 0, "short_message", "later")
	if got := r.peer.expect("deliver_sm_resp"); got.SequenceNumber() != 5 || got.CommandStatus() != pdu.ESME_RX_R_APPN {
		t.Fatalf("got %s", got)
	}
	r.peer.send("deliver_sm", 6, 0, "short_message", "never")
	if got := r.peer.expect("deliver_sm_resp"); got.SequenceNumber() != 6 || got.CommandStatus() != pdu.ESME_RX_T_APPN {
		t.Fatalf("got %s", got)
	}
}

func TestPDUs(t *testing.T) {
	r := bound(t, setup{script: `
		return { handle_pdu = function(p)
			log.info(table.concat({ tostring(p.user_message_reference), tostring(p.message_id), p:tlvs()[2].value, tostring(p:tlv(0x1401)), p:tlvs()[1].name }, "|"))
			local q = p:with { source_addr = "9", user_message_reference = 8 }
			log.info(("%s|%s|%d|%d|%d"):format(p.source_addr, q.source_addr, p.user_message_reference, q.user_message_reference, #q:tlvs()))
			local parts = sms.submit { to = "1", from = "2", text = "grüße €", receipt = true, user_message_reference = 3 }
			local s = parts[1]
			log.info(("%d|%s|%d|%d|%s|%s"):format(#parts, s.text, s.data_coding, s.registered_delivery, tostring(s:is_response()), tostring(s)))
			local none, err = sms.submit { to = "1", text = ("x"):rep(256 * 153) }
			log.info(err.code)
			log.info(esme.with_session(function(session) return session.peer ~= nil and session.state .. " " .. session.window end))
		end }`})
	cmd, _ := pdu.CommandByName("deliver_sm")
	b := pdu.NewBuilder(cmd)
	b.SetSequence(3)
	b.SetString(pdu.FieldSourceAddr, "1")
	b.AddTLVInt(pdu.TagUserMessageReference, 7)
	b.AddTLV(0x1401, "vendor")
	r.peer.raw(b.Build().AppendTo(nil))
	r.expect("7|nil|vendor|vendor|user_message_reference")
	r.next("1|9|7|8|2", "1|grüße €|0|1|false|submit_sm 0 source_addr=\"2\" destination_addr=\"1\" registered_delivery=1 short_message=(8 octets) user_message_reference=3",
		"too_long", "bound 10")
}

// The arrays of submit_multi and its response are lists, both ways, and no number is cut to fit.
func TestArraysOfPDUs(t *testing.T) {
	r := bound(t, setup{script: `
		local function try(fields)
			local ok, err = pcall(pdu.submit_multi, fields)
			return ok and "taken" or tostring(err):gsub("^.-: ", "")
		end
		return { handle_pdu = function(p)
			local m = pdu.submit_multi { dest_address = { { dest_addr_ton = 1, dest_addr_npi = 1, destination_addr = "49170" }, { dl_name = "friends" } } }
			local d = m.dest_address
			log.info(("%d|%d|%d|%s|%d|%s"):format(m.number_of_dests, #d, d[1].dest_addr_ton, d[1].destination_addr, d[2].dest_flag, d[2].dl_name))
			local again = m:with { dest_address = d, source_addr = "1" }
			log.info(("%d|%s"):format(#again.dest_address, again.dest_address[2].dl_name))
			local resp = m:response { message_id = "x", unsuccess_sme = { { destination_addr = "49170", error_status_code = 11 } } }
			log.info(("%d|%s|%d"):format(resp.no_unsuccess, resp.unsuccess_sme[1].destination_addr, resp.unsuccess_sme[1].error_status_code))
			log.info((try { dest_address = { { dest_addr_ton = 256, destination_addr = "1" } } }))
			log.info((try { dest_address = { { destination_addr = {} } } }))
			log.info((try { sequence_number = -1 }))
			log.info((try { tlvs = { { tag = 65536, value = "" } } }))
		end }`})
	cmd, _ := pdu.CommandByName("deliver_sm")
	b := pdu.NewBuilder(cmd)
	b.SetSequence(3)
	r.peer.raw(b.Build().AppendTo(nil))
	r.expect("2|2|1|49170|2|friends")
	r.next("2|friends", "1|49170|11",
		"field 'dest_address[1].dest_addr_ton' must be 0 to 255, is 256", "field 'dest_address[1].destination_addr' must be a string, is table",
		"field 'sequence_number' must be 0 to 4294967295, is -1", "field 'tag' must be 0 to 65535, is 65536")
}

func TestARefusedReloadChangesNothing(t *testing.T) {
	const old = `return { version = 1, init = function() return { n = 1, log = {} } end,
		handle_call = function(r, _, state) state.n = state.n + 1 return "reply", { state.n, esme.generation }, state end }`
	r := bound(t, setup{script: old})
	target := r.bind.Target()
	call := func(want string) {
		t.Helper()
		v, err := target.Call(context.Background(), nil)
		if j, _ := vm.JSON(v); err != nil || string(j) != want {
			t.Fatalf("%s, %v, want %s", j, err, want)
		}
	}
	call("[2,1]")
	for name, script := range map[string]string{
		"raises at load":      `error("at load")`,
		"acts at load":        `esme.send_pdu(pdu.submit_sm()) return {}`,
		"loops at load":       `while true do end`,
		"is no table":         `return 1`,
		"has no callback":     `return { x = 1 }`,
		"mistypes a callback": `return { handle_pud = function() end }`,
		"code_change raises":  `return { code_change = function(_, state) state.n = 100 error("no") end }`,
	} {
		if err := r.bind.Reload(context.Background(), r.compile(script)); err == nil || !strings.Contains(err.Error(), "s.lua:1: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
	call("[3,1]")
	if err := r.bind.Reload(context.Background(), r.compile(old)); !errors.Is(err, ErrUnchanged) {
		t.Errorf("the same script: %v", err)
	}
	if err := r.bind.Reload(context.Background(), r.compile(old+" -- changed")); err != nil {
		t.Fatal(err)
	}
	call("[4,2]")
}

// handler is that of the session which the bind has.
func (b *Bind) handler() *Handler {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.current
}
