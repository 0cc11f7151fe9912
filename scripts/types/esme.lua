---@meta
-- Written by go generate from the declarations in luabind. Do not edit.

---Seconds, or a text such as "250ms", "5s", "2m", "1h".
---@alias duration number|string

---A reference to a bind, by name. It may be sent to others and kept in the state; it stays good when the bind restarts.
---@class Bind
---@field name string # The name of the bind.
local Bind = {}

---esme.send_pdu of that bind. Accepts the PDU for sending. What becomes of it is told to handle_send_pdu_result, and of a request to handle_resp, handle_resp_timeout or handle_stop. Sequence numbers are given by the session.
---
---To be called in: callbacks and tasks.
---```lua
---local bind = assert(esme.whereis("other"))
---assert(bind:send_pdu(pdu.submit_sm { destination_addr = "491700000001", short_message = "by the other way" }))
---```
---@param pdu PDU|PDUFields # the PDU, or a table of its fields with its command: {command = "submit_sm", ...}
---@param opts? { wait?: duration } # how to send
---@return boolean? ok # true
---@return Error? err # nil, or what went wrong: queue_full, stopped, invalid_pdu
function Bind:send_pdu(pdu, opts) end

---esme.stop of that bind. Ends the session in order: what is in flight gets unbind_limit, then unbind, then close. The restart policy decides what follows.
---
---To be called in: callbacks and tasks.
---```lua
---assert(esme.whereis("other"):stop("not needed any more"))
---```
---@param reason? string # the detail of the stop reason
---@return boolean? ok # true
---@return Error? err # nil, or what went wrong: stopped
function Bind:stop(reason) end

---esme.request of that bind. Sends the PDU and waits for its response. Nothing of it is told to the callbacks.
---
---To be called in: tasks: it waits.
---```lua
---local resp = assert(esme.whereis("other"):request(pdu.submit_sm { destination_addr = "491700000001" }, "10s"))
---assert(resp.status == "ESME_ROK")
---```
---@param pdu PDU|PDUFields # a request
---@param timeout? duration # how long to wait; 5 s
---@return PDU? resp # the response; its status may be an error's
---@return Error? err # nil, or what went wrong: timeout, stopped, queue_full, invalid_pdu; err.written says whether the peer may have it
function Bind:request(pdu, timeout) end

---esme.status of that bind. Tells the bind's name, its state (connecting, binding, bound, stopping, stopped), how much is in flight and queued, and counters.
---
---To be called in: callbacks and tasks.
---```lua
---assert(esme.whereis("other"):status().state == "bound")
---```
---@return Status status # what the bind is doing
function Bind:status() end

---esme.with_session of that bind. Calls fn(session) with a look at the live session: all that status has, and session:send_raw(octets). The session is good until fn returns.
---
---To be called in: callbacks and tasks.
---```lua
---local window = esme.whereis("other"):with_session(function(session) return session.window end)
---```
---@param fn fun(session: Session): ... # is called with the session
---@return any ... # what fn returns; nil and an error, stopped, when the bind has no session
function Bind:with_session(fn) end

---esme.call to that bind. Asks a bind and waits for the reply of its handle_call.
---
---To be called in: tasks: it waits.
---```lua
---local reply = assert(esme.whereis("other"):call({ question = "how many?" }))
---```
---@param request any # for its handle_call
---@param timeout? duration # how long to wait; 5 s
---@return any reply # what handle_call replied
---@return Error? err # nil, or what went wrong: timeout, stopped, queue_full, not_allowed, not_found, script_error
function Bind:call(request, timeout) end

---esme.cast to that bind. Tells a bind: the request is copied into its handle_cast.
---
---To be called in: callbacks and tasks.
---```lua
---assert(esme.whereis("other"):cast({ event = "route_changed" }))
---```
---@param request any # for its handle_cast
---@return boolean? ok # true
---@return Error? err # nil, or what went wrong: queue_full, stopped, not_allowed, not_found
function Bind:cast(request) end

---esme.send to that bind. Sends a bind a message: it is copied into its handle_info. A task tells its own bind by esme.send(esme.name, ...).
---
---To be called in: callbacks and tasks.
---```lua
---assert(esme.whereis("other"):send({ event = "hello", from = esme.name }))
---```
---@param message any # for its handle_info
---@return boolean? ok # true
---@return Error? err # nil, or what went wrong: queue_full, stopped, not_allowed, not_found
function Bind:send(message) end

---Sends that bind a message later, unless its session ends before.
---
---To be called in: callbacks and tasks.
---```lua
---assert(esme.whereis("other"):send_after("5s", { event = "later" }))
---```
---@param delay duration # from now
---@param message any # for its handle_info
---@return boolean? ok # true
---@return Error? err # nil, or what went wrong: queue_full, stopped, not_allowed, not_found
function Bind:send_after(delay, message) end

---The handle of a caller who waits, as handle_call gets it. It may be kept in the state, sent, and used after a reload.
---@class From
local From = {}

---Answers the caller, from any callback or task. A second answer is refused: answered.
---
---To be called in: callbacks and tasks.
---```lua
---local M = {}
---function M.handle_call(request, from, state)
---  esme.spawn(function()
---    esme.sleep("1ms")
---    assert(from:reply({ done = true }))
---  end)
---  return "noreply", state
---end
---```
---@param value any # the answer
---@return boolean? ok # true
---@return Error? err # nil, or what went wrong: answered
function From:reply(value) end

---A look at the live session, as with_session gives it: a table with all fields of Status.
---@class Session
---@field name string # The name of the bind.
---@field state string # connecting, binding, bound, stopping or stopped.
---@field mode string? # transmitter, receiver, transceiver or manual.
---@field peer string? # The address of the SMSC.
---@field tls boolean? # Whether the connection is encrypted.
---@field window integer? # How many requests may be in flight.
---@field in_flight integer? # How many are: sent, and without a response.
---@field queued integer? # How many wait to be sent.
---@field session integer? # Counts the sessions of the bind, from 1.
---@field generation integer? # Counts the versions of the script that the bind has run, from 1.
---@field counters table<string, integer>? # Of the session: sent, received, responses, timeouts, late (responses after the timeout) and lost.
local Session = {}

---Writes octets past all numbering and accounting, to try what a peer does with them. Inside of with_session only.
---
---To be called in: callbacks and tasks.
---```lua
---esme.with_session(function(session)
---  assert(session:send_raw(hex.decode("00000010 00000015 00000000 00000063"))) -- an enquire_link
---end)
---```
---@param octets string # as they are to go out
---@return boolean? ok # true
---@return Error? err # nil, or what went wrong: stopped
function Session:send_raw(octets) end

---What a bind is doing: a table. Without a session it has name and state only.
---@class Status
---@field name string # The name of the bind.
---@field state string # connecting, binding, bound, stopping or stopped.
---@field mode string? # transmitter, receiver, transceiver or manual.
---@field peer string? # The address of the SMSC.
---@field tls boolean? # Whether the connection is encrypted.
---@field window integer? # How many requests may be in flight.
---@field in_flight integer? # How many are: sent, and without a response.
---@field queued integer? # How many wait to be sent.
---@field session integer? # Counts the sessions of the bind, from 1.
---@field generation integer? # Counts the versions of the script that the bind has run, from 1.
---@field counters table<string, integer>? # Of the session: sent, received, responses, timeouts, late (responses after the timeout) and lost.
local Status = {}

---Why a session ended: a table; tostring(reason) reads well.
---@class Reason
---@field kind string # custom, parse_error, socket_closed, socket_error, timers, bind_failed, unbound, shutdown, script_error or script_budget.
---@field detail string # What more is known: the reason of esme.stop, a status, the timer.
local Reason = {}

---What went wrong in operation: the second value of functions that can fail. tostring(err) reads well, so that assert(...) works.
---@class Error
---@field code string # A stable word, such as timeout, queue_full, stopped, not_allowed, ESME_RTHROTTLED.
---@field message string # For people.
---@field retryable boolean # Whether it may go well later.
---@field written ("never"|"written"|"unknown")? # Of a PDU: whether the peer may have it.
local Error = {}

---The bind: what it sends, answers, asks and tells. Functions that send return at once; what becomes of a PDU is told to the callbacks. What can fail in operation returns nil and an error with code, message and retryable.
---@class esmelib
---@field name string # The name of the bind.
---@field generation integer # Counts the versions of the script that the bind has run, from 1.
---@field args any # A copy of the bind's args in the configuration; see also the module config.
esme = {}

---Accepts the PDU for sending. What becomes of it is told to handle_send_pdu_result, and of a request to handle_resp, handle_resp_timeout or handle_stop. Sequence numbers are given by the session.
---
---To be called in: callbacks and tasks.
---```lua
---assert(esme.send_pdu(pdu.submit_sm { source_addr = "12345", destination_addr = "491700000001", short_message = "hi" }))
---```
---@param pdu PDU|PDUFields # the PDU, or a table of its fields with its command: {command = "submit_sm", ...}
---@param opts? { wait?: duration } # how to send
---@return boolean? ok # true
---@return Error? err # nil, or what went wrong: queue_full, stopped, invalid_pdu
function esme.send_pdu(pdu, opts) end

---Ends the session in order: what is in flight gets unbind_limit, then unbind, then close. The restart policy decides what follows.
---
---To be called in: callbacks and tasks.
---```lua
---esme.stop("maintenance")
---```
---@param reason? string # the detail of the stop reason
---@return boolean? ok # true
---@return Error? err # nil, or what went wrong: stopped
function esme.stop(reason) end

---Sends the PDU and waits for its response. Nothing of it is told to the callbacks.
---
---To be called in: tasks: it waits.
---```lua
---local resp = assert(esme.request(pdu.submit_sm { destination_addr = "491700000001", short_message = "hi" }, "10s"))
---log.info("accepted", { id = resp.message_id })
---```
---@param pdu PDU|PDUFields # a request
---@param timeout? duration # how long to wait; 5 s
---@return PDU? resp # the response; its status may be an error's
---@return Error? err # nil, or what went wrong: timeout, stopped, queue_full, invalid_pdu; err.written says whether the peer may have it
function esme.request(pdu, timeout) end

---Tells the bind's name, its state (connecting, binding, bound, stopping, stopped), how much is in flight and queued, and counters.
---
---To be called in: callbacks and tasks.
---```lua
---assert(esme.status().in_flight <= esme.status().window)
---```
---@return Status status # what the bind is doing
function esme.status() end

---Calls fn(session) with a look at the live session: all that status has, and session:send_raw(octets). The session is good until fn returns.
---
---To be called in: callbacks and tasks.
---```lua
---local peer = esme.with_session(function(session) return session.peer end)
---assert(peer)
---```
---@param fn fun(session: Session): ... # is called with the session
---@return any ... # what fn returns; nil and an error, stopped, when the bind has no session
function esme.with_session(fn) end

---Answers a request of the peer, now or later; the sequence number is set. A second answer is refused: answered.
---
---To be called in: callbacks and tasks.
---```lua
---assert(esme.reply(p, pdu.deliver_sm_resp { command_status = "ESME_RX_P_APPN" }))
---```
---@param pdu PDU # a request of the peer
---@param reply_pdu PDU|PDUFields # its response, or a generic_nack
---@return boolean? ok # true
---@return Error? err # nil, or what went wrong: answered, stopped, invalid_pdu
function esme.reply(pdu, reply_pdu) end

---Promises the answer to a request for later, from a task or another callback. None within the limit is answered ESME_RX_T_APPN. At most 10,000 wait (limits.mailbox): queue_full; one of a former session is invalid_pdu.
---
---To be called in: callbacks and tasks.
---```lua
---assert(esme.defer(p, "30s"))
---assert(esme.spawn(function()
---  esme.sleep("1ms")
---  assert(esme.reply(p, p:response()))
---end))
---```
---@param pdu PDU # a request of the peer
---@param limit? duration # 10 s
---@return boolean? ok # true
---@return Error? err # nil, or what went wrong: answered, stopped, queue_full, invalid_pdu
function esme.defer(pdu, limit) end

---Sends the bind a message later, unless its session ends before. A reload in between does not matter. At most 10,000 are on their way (limits.timers).
---
---To be called in: callbacks and tasks, and code_change: there it takes effect when the new code has taken over.
---```lua
---assert(esme.send_after("5s", { event = "retry", pdu = p }))
---```
---@param delay duration # from now
---@param message any # for handle_info
---@return boolean? ok # true
---@return Error? err # nil, or what went wrong: queue_full, stopped
function esme.send_after(delay, message) end

---Finds another bind. The bind must be allowed: `allow: {binds: [names or patterns]}`.
---
---To be called in: callbacks and tasks.
---```lua
---local other = assert(esme.whereis("other"))
---assert(other:cast({ event = "hello" }))
---```
---@param name string # of a bind
---@return Bind? bind # a reference, which stays good when the bind restarts
---@return Error? err # nil, or what went wrong: not_found, not_allowed
function esme.whereis(name) end

---Runs fn(...) as a task, which may wait. It takes turns with the callbacks: nothing runs at the same time in a bind. Errors and log lines tell its name: the function's, or the file and line where it begins.
---
---To be called in: callbacks and tasks.
---```lua
---assert(esme.spawn(function(to)
---  esme.sleep("1ms")
---  assert(esme.send_pdu(pdu.submit_sm { destination_addr = to }, { wait = "5s" }))
---end, p.source_addr))
---```
---@param fn function # is called with the other arguments
---@param ... any # arguments
---@return boolean? ok # true
---@return Error? err # nil, or what went wrong: limit
function esme.spawn(fn, ...) end

---Waits. The bind's callbacks and other tasks run meanwhile.
---
---To be called in: tasks: it waits.
---```lua
---esme.sleep("1ms")
---```
---@param delay duration # how long
function esme.sleep(delay) end

---Starts a bind at run time. It needs `allow: {start_binds: true}`, may not be given more than its parent has (allow, limits), and is reached by its parent without further permission. It goes on when its parent ends, stops or restarts; it ends by bind:stop(), with the host, and when the configuration takes out its parent, or something of what the parent may and it was given.
---
---To be called in: callbacks and tasks.
---```lua
---local bind = assert(esme.start_link("127.0.0.1", 2775, "echo.lua", { greeting = "> " }, { name = "echo-2", system_id = "echo", password = "secret" }))
---```
---@param host string # of the SMSC
---@param port integer # of the SMSC
---@param script string # below the script root
---@param args any # for its init
---@param options? table # the keys of a bind in the configuration (system_id, password, mode, window, ...), and name
---@return Bind? bind # a reference to the new bind
---@return Error? err # nil, or what went wrong: not_allowed, invalid, exists, limit, stopped
function esme.start_link(host, port, script, args, options) end

---Asks a bind and waits for the reply of its handle_call.
---
---To be called in: tasks: it waits.
---```lua
---local reply = assert(esme.call("other", { question = "how many?" }, "2s"))
---```
---@param target string|Bind # which bind; esme.name is the own one
---@param request any # for its handle_call
---@param timeout? duration # how long to wait; 5 s
---@return any reply # what handle_call replied
---@return Error? err # nil, or what went wrong: timeout, stopped, queue_full, not_allowed, not_found, script_error
function esme.call(target, request, timeout) end

---Tells a bind: the request is copied into its handle_cast.
---
---To be called in: callbacks and tasks.
---```lua
---assert(esme.cast("other", { event = "route_changed" }))
---```
---@param target string|Bind # which bind; esme.name is the own one
---@param request any # for its handle_cast
---@return boolean? ok # true
---@return Error? err # nil, or what went wrong: queue_full, stopped, not_allowed, not_found
function esme.cast(target, request) end

---Sends a bind a message: it is copied into its handle_info. A task tells its own bind by esme.send(esme.name, ...).
---
---To be called in: callbacks and tasks.
---```lua
---assert(esme.send(esme.name, { event = "tick" }))
---```
---@param target string|Bind # which bind; esme.name is the own one
---@param message any # for its handle_info
---@return boolean? ok # true
---@return Error? err # nil, or what went wrong: queue_full, stopped, not_allowed, not_found
function esme.send(target, message) end

return esme
