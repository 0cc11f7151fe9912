package luabind

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/esmehost/esmehost/luabind/vm"
	"github.com/esmehost/esmehost/smsc"
)

// work gives each function of the API and of Lua more and more to do: Lua that makes an input of n octets, or of n/16
// values, and returns the call. Where nothing grows with what a function is given, it says why instead.
var work = map[string]string{
	"assert":       "-- passes on what it is given",
	"error":        "local s = x(n) return function() pcall(function() error(s) end) end",
	"getmetatable": "-- a field",
	"ipairs":       "-- makes an iterator",
	"next":         "local t = holes(n / 16) return function() next(t, 1) end",
	"pairs":        "local t = holes(n / 16) return function() for _ in pairs(t) do end end",
	"pcall":        "-- calls",
	"print":        "local s = x(n) return function() print(s) end",
	"rawequal":     "-- compares references, and strings as == does",
	"rawget":       "-- a field",
	"rawset":       "local t = {} for i = 1, 5000 do t[i] = i end return function() rawset(t, 5000 + n / 16, 1) end",
	"require":      "-- a file once, under its own limits",
	"select":       "-- passes on what it is given",
	"setmetatable": "-- a field",
	"tonumber":     `local s = (" "):rep(n) return function() tonumber(s) end`,
	"tostring":     "-- numbers, and strings as they are",
	"type":         "-- a word",
	"unpack":       "local t = list(n / 16) return function() unpack(t) end",
	"xpcall":       "-- calls",

	"string.byte":    "local s = x(n / 16) return function() s:byte(1, n / 16) end",
	"string.char":    "-- as many octets as arguments, which the stack bounds",
	"string.find":    `local s = x(n) return function() s:find("y", 1, true) end`,
	"string.format":  `local s = x(n) return function() ("%s"):format(s) end`,
	"string.gmatch":  `local s = x(n) return function() for _ in s:gmatch("y") do end end`,
	"string.gsub":    `local s = x(n) return function() s:gsub("y", "") end`,
	"string.len":     "-- a number that is there",
	"string.lower":   "local s = x(n) return function() s:lower() end",
	"string.match":   `local s = x(n) return function() s:match("y") end`,
	"string.rep":     "return function() x(n) end",
	"string.reverse": "local s = x(n) return function() s:reverse() end",
	"string.sub":     "local s = x(n) return function() s:sub(2, n / 2 - 1) end",
	"string.upper":   "local s = x(n) return function() s:upper() end",

	"table.concat": "local t = list(n / 16) return function() table.concat(t) end",
	"table.getn":   "-- as #t",
	"table.insert": "local t = list(n / 16) return function() table.insert(t, 1, 0) end",
	"table.maxn":   "local t = list(n / 16) return function() table.maxn(t) end",
	"table.remove": "local t = list(n / 16) return function() table.remove(t, 1) end",
	"table.sort":   "local t = list(n / 16) return function() table.sort(t) end",

	"coroutine.create":  "-- one thread",
	"coroutine.resume":  "-- calls",
	"coroutine.running": "-- a field",
	"coroutine.status":  "-- a word",
	"coroutine.wrap":    "-- one thread",
	"coroutine.yield":   "-- passes on what it is given",

	"esme.send_pdu":     "local m = pdu.submit_sm { message_payload = x(n) } return function() esme.send_pdu(m) end",
	"esme.stop":         "-- one word to the session; the reason is shortened",
	"esme.request":      "local m = pdu.submit_sm { message_payload = x(n) } return task(function() esme.request(m, 0) end)",
	"esme.status":       "-- a table of a fixed size",
	"esme.with_session": "-- calls",
	"esme.reply":        "return function() esme.reply(p, pdu.deliver_sm_resp { message_payload = x(n) }) end",
	"esme.defer":        "-- notes a time",
	"esme.send_after":   `local t = list(n / 16) return function() esme.send_after("1h", t) end`,
	"esme.whereis":      "-- looks a name up",
	"esme.spawn":        "-- one task",
	"esme.sleep":        "-- waits",
	"esme.start_link":   `local t = list(n / 16) return function() esme.start_link("127.0.0.1", 1, "none.lua", t) end`,
	"esme.call":         `local t = list(n / 16) return task(function() esme.call("other", t, 0) end)`,
	"esme.cast":         `local t = list(n / 16) return function() esme.cast("other", t) end`,
	"esme.send":         `local t = list(n / 16) return function() esme.send("other", t) end`,
	"bind:send_pdu":     `local m, b = pdu.submit_sm { message_payload = x(n) }, esme.whereis("test") return function() b:send_pdu(m) end`,
	"bind:stop":         "-- as esme.stop",
	"bind:request":      `local m, b = pdu.submit_sm { message_payload = x(n) }, esme.whereis("test") return task(function() b:request(m, 0) end)`,
	"bind:status":       "-- as esme.status",
	"bind:with_session": "-- calls",
	"bind:call":         `local t, b = list(n / 16), esme.whereis("other") return task(function() b:call(t, 0) end)`,
	"bind:cast":         `local t, b = list(n / 16), esme.whereis("other") return function() b:cast(t) end`,
	"bind:send":         `local t, b = list(n / 16), esme.whereis("other") return function() b:send(t) end`,
	"bind:send_after":   `local t, b = list(n / 16), esme.whereis("other") return function() b:send_after("1h", t) end`,
	"from:reply":        "local t = list(n / 16) return function() from:reply(t) end",
	"session:send_raw":  `local s = hex.decode("00000010 00000015 00000000 00000063"):rep(n / 16) return function() esme.with_session(function(session) session:send_raw(s) end) end`,
	"pdu.new":           `local s = x(n) return function() pdu.new("submit_sm", { message_payload = s }) end`,
	"p:is_response":     "-- a bit",
	"p:response":        `local s = x(n) return function() p:response { message_id = s } end`,
	"p:with":            "local m = pdu.submit_sm { message_payload = x(n) } return function() m:with { source_addr = '1' } end",
	"p:tlv":             "local m = pdu.submit_sm { message_payload = x(n) } return function() m:tlv(0x0424) end",
	"p:tlvs":            "local m = pdu.submit_sm { message_payload = x(n) } return function() m:tlvs() end",
	"p.text":            "local m = pdu.submit_sm { message_payload = x(n) } return function() return m.text end",
	"p.receipt":         "local m = pdu.deliver_sm { esm_class = 4, message_payload = ('id:1 '):rep(n / 5) } return function() return m.receipt end",
	"p.udh":             "-- at most 140 octets",
	"p.command":         "-- a word",
	"p.command_id":      "-- a number",
	"p.command_status":  "-- a number",
	"p.status":          "-- a word",
	"p.sequence_number": "-- a number",
	"p.segment":         "-- four small fields",
	"p.warnings":        "-- a few words",
	"p.message_payload": "local m = pdu.submit_sm { message_payload = x(n) } return function() return m.message_payload end",
	"p.dest_address":    "local l = {} for i = 1, 254 * n / 65536 do l[i] = { destination_addr = '1' } end local m = pdu.submit_multi { dest_address = l } return function() return m.dest_address end",
	"p.tostring":        "local m = pdu.submit_sm { message_payload = x(n) } return function() return tostring(m) end",
	"sms.submit":        `local s = x(n / 2) return function() sms.submit { to = "1", text = s } end`,
	"sms.split":         "local s = x(n / 2) return function() sms.split(s) end",
	"sms.encode":        "local s = x(n) return function() sms.encode(s) end",
	"sms.decode":        "local s = x(n) return function() sms.decode(s, 0) end",
	"sms.length":        "local s = x(n / 2) return function() sms.length(s) end",
	"sms.reassemble":    "local m = pdu.deliver_sm { message_payload = x(n) } return function() sms.reassemble(m) end",
	"sms.same_id":       "-- ids of at most 100 octets",

	"map.open": "-- opens a map",
	"m:get":    `local m = map.open("m", { max = 9 }) m:set("k", list(n / 16 / 2)) return function() m:get("k") end`,
	"m:set":    `local m, t = map.open("m", { max = 9 }), list(n / 32) return function() m:set("k", t) end`,
	"m:take":   `local m = map.open("m", { max = 9 }) m:set("k", list(n / 16 / 2)) return function() m:take("k") end`,
	"m:delete": "-- one entry",
	"m:add":    "-- one entry",
	"m:len":    "-- a number that is there",
	"m:pairs":  `local m = map.open("p", { max = 1e6 }) for i = 1, n / 16 do m:set(tostring(i), 1) end return function() m:pairs() end`,
	"m:clear":  "-- all at once, whatever there is",

	"config.string":   "-- a string that is there",
	"config.number":   "-- a number that is there",
	"config.boolean":  "-- a boolean",
	"config.duration": "-- a short text",
	"config.table":    `local name = n > 1e4 and "large" or "small" return function() config.table(name) end`,
	"config.enum":     `local t = {} for i = 1, n / 64 do t[i] = "w" .. i end return function() pcall(config.enum, "name", t) end`,
	"config.secret":   "-- looks a name up",
	"config.file":     `local name = n > 1e4 and "data/large.json" or "data/routes.json" return function() assert(config.file(name)) end`,

	"log.debug": "-- cut to 4 KiB",
	"log.info":  "-- as log.warn",
	"log.warn":  `local f = {} for i = 1, n / 1024 do f[i] = { i } end return function() log.warn("x", f) end`,
	"log.error": "-- as log.debug",

	"metrics.counter":   "-- at most 8 labels",
	"metrics.gauge":     "-- as metrics.counter",
	"metrics.histogram": "-- at most 50 buckets",
	"counter:add":       "-- at most 8 labels of 200 octets",
	"counter:value":     "-- at most 8 labels of 200 octets",
	"gauge:set":         "-- at most 8 labels of 200 octets",
	"gauge:add":         "-- at most 8 labels of 200 octets",
	"gauge:value":       "-- at most 8 labels of 200 octets",
	"histogram:observe": "-- at most 8 labels of 200 octets",

	"timer.every":  `local t = list(n / 16) return function() timer.every("1h", t) end`,
	"timer.cron":   `local t = list(n / 16) return function() timer.cron("@daily", t) end`,
	"timer.cancel": "-- one timer",
	"t:cancel":     "-- one timer",

	"http.get":     `local s = x(n) return task(function() pcall(http.get, "http://api.example.com/" .. s) end)`,
	"http.post":    `local s = x(n) return task(function() http.post("http://api.example.com", s) end)`,
	"http.request": `local t = list(n / 16) return task(function() http.request { url = "http://api.example.com", json = t } end)`,

	"json.encode": "local t = list(n / 16) return function() json.encode(t) end",
	"json.decode": `local s = json.encode(x(n)) return function() json.decode(s) end`,
	"json.array":  "-- a mark",

	"re.match":  `local s = x(n) return function() re.match(s, "y") end`,
	"re.find":   `local s = x(n) return function() re.find(s, "y") end`,
	"re.named":  `local s = x(n) return function() re.named(s, "(?P<a>y)") end`,
	"re.gmatch": `local s = x(n) return function() re.gmatch(s, "y") end`,
	"re.gsub":   `local s = x(n) return function() re.gsub(s, "y", "") end`,
	"re.split":  `local s = x(n) return function() re.split(s, "y") end`,
	"re.escape": `local s = x(n) return function() re.escape(s) end`,

	"time.now":        "-- a number",
	"time.monotonic":  "-- a number",
	"time.format":     "-- the layout has at most 256 octets",
	"time.parse":      "-- text and layout have at most 256 octets",
	"time.smpp":       "-- 16 octets",
	"time.parse_smpp": "-- 16 octets",

	"crypto.sha256": "local s = x(n) return function() crypto.sha256(s) end",
	"crypto.sha512": "local s = x(n) return function() crypto.sha512(s) end",
	"crypto.sha1":   "local s = x(n) return function() crypto.sha1(s) end",
	"crypto.md5":    "local s = x(n) return function() crypto.md5(s) end",
	"crypto.hmac":   "local s = x(n) return function() crypto.hmac('sha256', 'k', s) end",
	"crypto.random": "-- at most 4096 octets",
	"crypto.equal":  "local a, b = x(n) .. 'a', x(n) .. 'b' return function() crypto.equal(a, b) end",

	"base64.encode": "local s = x(n) return function() base64.encode(s) end",
	"base64.decode": "local s = x(n) return function() base64.decode(s) end",
	"hex.encode":    "local s = x(n) return function() hex.encode(s) end",
	"hex.decode":    "local s = ('a'):rep(n) return function() hex.decode(s) end",

	"uuid.v4":    "-- 36 octets",
	"uuid.v7":    "-- 36 octets",
	"uuid.valid": "-- 36 octets",

	"a .. b": "local a, b = x(n), 'y' return function() return a .. b end",
	"a < b":  "local a, b = x(n) .. 'a', x(n) .. 'b' return function() return a < b end",
	"a == b": "local a, b = x(n) .. 'a', x(n) .. 'a' return function() return a == b end",
	"t[s]":   "-- the hash of a name: less than a millisecond for the longest text",
	"s + 1":  "local s = ('1'):rep(n) return function() pcall(function() return s + 1 end) end",
	"#t":     "-- the empty end of a list, once: vm.TestTrapsOfTheMachine",
	"t[n]":   "local t = list(5000) return function() t[5000 + n / 16] = 1 end",
}

const workScript = `
local function x(n) return ("x"):rep(n) end
local function list(n) local t = {} for i = 1, n do t[i] = i end return t end
local function holes(n) local t = list(n) for i = 2, n - 1 do t[i] = nil end return t end
local p, from, run
local function task(f) return function() assert(esme.spawn(f)) end end
local cases = {}
%s
return {
  handle_info = function(m) if m.event == "bound" then log.info("test bound") end end,
  handle_pdu = function(m) p = m assert(esme.defer(p, "1h")) log.info("p is there") end,
  handle_call = function(m, caller)
    if m == "run" then run() return "reply", true end
    from, run = caller, nil
    run = cases[m.name](m.n)
    return "reply", true
  end,
}`

// growsNot are functions in families whose work does not grow with what they are given.
func growsNot(name string) bool {
	switch module, fn, _ := strings.Cut(name, "."); module {
	case "math": // numbers
		return true
	case "pdu": // all constructors are pdu.new
		return fn != "new"
	}
	return strings.HasPrefix(work[name], "--")
}

// Whatever takes longer the more it is given is charged for that, by length and before it is done, so that no single call
// outlives the limits of its script by much: a step for 128 octets or 8 values at the least. What is counted is steps,
// and not time. A new function needs a place in the table.
func TestStepsGrowWithTheWork(t *testing.T) {
	var names []string
	for _, m := range slices.Concat(modules, language) {
		for f := range m.functions() {
			names = append(names, f.full)
		}
	}
	for name, n := range pduNames {
		if n.is == 'o' {
			names = append(names, "p."+name)
		}
	}
	for _, name := range names {
		if work[name] == "" && !growsNot(name) {
			t.Errorf("%s has no place in the table: what is its work, and who pays for it?", name)
		}
	}
	var cases strings.Builder
	names = slices.DeleteFunc(slices.Sorted(maps.Keys(work)), growsNot)
	for _, name := range names {
		fmt.Fprintf(&cases, "cases[%q] = function(n) %s end\n", name, work[name])
	}

	s := newSim(t)
	s.run(exampleOptions(t, "other"), map[string]string{"main.lua": "return { handle_info = function(m) if m.event == 'bound' then log.info('other bound') end end }"})
	s.expect("other bound")
	opts := exampleOptions(t, "test")
	if err := os.WriteFile(filepath.Join(opts.Allow.Root, "data", "large.json"), make([]byte, 64<<10), 0o644); err != nil {
		t.Fatal(err)
	}
	opts.Args = &vm.Table{Hash: map[vm.Data]vm.Data{"name": "x", "large": &vm.Table{Array: slices.Repeat([]vm.Data{1.0}, 4096)}, "small": &vm.Table{}}}
	opts.Limits = vm.Limits{Instructions: vm.Unlimited, TaskInstructions: vm.Unlimited, Time: vm.Unlimited, TaskTime: vm.Unlimited, Memory: vm.Unlimited}
	b := s.run(opts, map[string]string{"main.lua": fmt.Sprintf(workScript, cases.String())})
	s.expect("test bound")
	if err := s.smsc.Deliver("test", smsc.MO{From: "1", To: "2", Text: "hi"}.PDU(), nil); err != nil {
		t.Fatal(err)
	}
	s.expect("p is there")
	state := b.current.generation().vm

	const small, large = 8 << 10, 56 << 10
	steps := func(name string, n float64) int64 {
		call := func(request vm.Data) int64 {
			if _, err := b.Target().Call(t.Context(), request); err != nil {
				t.Fatal(name, n, err)
			}
			for state.Tasks() > 0 {
				runtime.Gosched()
			}
			state.Lock()
			defer state.Unlock()
			return state.Used()
		}
		before := call(&vm.Table{Hash: map[vm.Data]vm.Data{"name": name, "n": n}})
		return call("run") - before
	}
	for _, name := range names {
		if few, many := steps(name, small), steps(name, large); many-few < (large-small)/128 {
			t.Errorf("%s: %d steps for %d octets or %d values, %d for %d", name, few, small, small/16, many, large)
		}
		for len(s.lines) > 0 { // lest it be full
			if l := <-s.lines; strings.HasPrefix(l, "script error") {
				t.Error(name, l)
			}
		}
	}
}
