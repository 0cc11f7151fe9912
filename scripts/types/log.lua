---@meta
-- Written by go generate from the declarations in luabind. Do not edit.

---Lines in the host's log, with the bind, the session, the script, its generation and its hash. A flood is cut: 200 lines at once, 100 a second, and the next line says how many were not written. print writes at the level info.
---@class loglib
log = {}

---What helps to find a mistake; not shown unless log.level is debug.
---
---To be called in: anywhere.
---```lua
---log.debug("looked up", { to = p.destination_addr })
---```
---@param message string # the line
---@param fields? table # what else is to be said, by name
function log.debug(message, fields) end

---What an operator may want to know.
---
---To be called in: anywhere.
---```lua
---log.info("message", { from = p.source_addr, text = p.text })
---```
---@param message string # the line
---@param fields? table # what else is to be said, by name
function log.info(message, fields) end

---What an operator should look at, some time.
---
---To be called in: anywhere.
---```lua
---log.warn("refused", { status = "ESME_RTHROTTLED" })
---```
---@param message string # the line
---@param fields? table # what else is to be said, by name
function log.warn(message, fields) end

---What an operator must look at.
---
---To be called in: anywhere.
---```lua
---log.error("no route", { to = p.destination_addr })
---```
---@param message string # the line
---@param fields? table # what else is to be said, by name
function log.error(message, fields) end

return log
