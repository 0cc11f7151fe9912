package luabind

import (
	"testing"

	"github.com/esmehost/esmehost/esme"
)

// others is a directory of binds, in which each is found once: then it is gone.
type others map[string]Target

func (o others) Whereis(name string) (Target, bool) {
	t, ok := o[name]
	if name == "gone" {
		delete(o, name)
	}
	return t, ok
}

// O4: an error that keeps a PDU from going out says so, whatever it is that does.
func TestEveryErrorOfASendSaysThatNothingWasWritten(t *testing.T) {
	const script = `
		local p = pdu.submit_sm { destination_addr = "1" }
		local function say(what, code, _, err)
			log.info(("> %s %s"):format(what, err and err.code == code and err.written or "?" .. tostring(err)))
		end
		local kept
		return {
			handle_pdu = function(p) kept = p log.info("> pdu") end,
			handle_cast = function(how)
				local where = { idle = "stopped", gone = "not_found" }
				if how == "own" then
					assert(esme.reply(kept, kept:response()))
					say("reply", "answered", esme.reply(kept, kept:response()))
					say("defer", "answered", esme.defer(kept))
					assert(esme.send_pdu(p)) -- the window
					assert(esme.send_pdu(p)) -- the queue
					say("send_pdu", "queue_full", esme.send_pdu(p))
					esme.stop()
					say("send_pdu", "stopped", esme.send_pdu(p))
					esme.spawn(function() say("request", "stopped", esme.request(p)) end)
					return
				end
				local b = assert(esme.whereis(how))
				esme.spawn(function()
					say("send_pdu", where[how], b:send_pdu(p))
					say("send_pdu wait", where[how], b:send_pdu(p, { wait = "1s" }))
					say("request", where[how], b:request(p))
					local ok, err = b:cast("")
					log.info("> cast " .. err.code .. " " .. tostring(err.written))
				end)
			end,
		}`
	there := others{}
	there["idle"] = NewBind(Options{Name: "idle"}, nil).Target()
	there["gone"] = there["idle"]
	r := bound(t, setup{script: script, esme: esme.Config{Window: 1, Queue: 1, NoAutoReply: true},
		options: Options{Directory: there, Allow: Allow{Binds: []string{"*"}}}})
	cast := func(what string) {
		if err := r.bind.Target().Cast(what); err != nil {
			t.Fatal(err)
		}
	}
	cast("idle")
	r.told("send_pdu never", "send_pdu wait never", "request never", "cast stopped nil")
	cast("gone")
	r.told("send_pdu never", "send_pdu wait never", "request never", "cast not_found nil")
	r.peer.send("deliver_sm", 1, 0)
	r.told("pdu")
	cast("own")
	r.told("reply never", "defer never", "send_pdu never", "send_pdu never", "request never")
}
