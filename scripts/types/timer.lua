---@meta
-- Written by go generate from the declarations in luabind. Do not edit.

---A timer that runs. It may be kept in the state, over a reload too.
---@class Timer
local Timer = {}

---Ends the timer, as timer.cancel does.
---
---To be called in: callbacks and tasks, and code_change: there it takes effect when the new code has taken over.
---```lua
---local t = assert(timer.every("1m", "tick"))
---assert(t:cancel())
---```
---@return boolean ran # whether it was running
function Timer:cancel() end

---Messages that come again and again to handle_info. Timers belong to the session, so they survive a reload and end with the session: start them in init, when the bind is bound, or in the code_change of the version that is the first to have them. A bind that is too busy for one misses it: at most one message of a timer waits. For one message later there is esme.send_after.
---@class timerlib
timer = {}

---Sends a message in steady intervals; the first comes after one interval.
---
---To be called in: callbacks and tasks, and code_change: there it takes effect when the new code has taken over.
---```lua
---local t = assert(timer.every("1m", { event = "report" }))
---```
---@param interval duration # at least 10 ms
---@param message any # for handle_info
---@return Timer? timer # to cancel it by
---@return Error? err # nil, or what went wrong: limit, queue_full, stopped
function timer.every(interval, message) end

---Sends a message by the clock, as cron does. A wrong spec raises.
---
---To be called in: callbacks and tasks, and code_change: there it takes effect when the new code has taken over.
---```lua
---local t = assert(timer.cron("0 8 * * 1-5", { event = "office opens" }))
---```
---@param spec string # minute, hour, day of month, month, day of week; or @hourly, @daily and so on. "CRON_TZ=Europe/Berlin 0 8 * * 1-5" names a zone; it is UTC otherwise
---@param message any # for handle_info
---@return Timer? timer # to cancel it by
---@return Error? err # nil, or what went wrong: limit, queue_full, stopped, invalid: the time never comes
function timer.cron(spec, message) end

---Ends a timer. None of its messages comes after that.
---
---To be called in: callbacks and tasks, and code_change: there it takes effect when the new code has taken over.
---```lua
---local t = assert(timer.every("1m", "tick"))
---assert(timer.cancel(t) and not timer.cancel(t))
---```
---@param timer Timer # what every or cron gave
---@return boolean ran # whether it was running
function timer.cancel(timer) end

return timer
