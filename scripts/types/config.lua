---@meta
-- Written by go generate from the declarations in luabind. Do not edit.

---A secret, as config.secret gives it: only functions that take one can use it.
---@class Secret
local Secret = {}

---What the configuration gives the bind: its args, read with a type, and what it was allowed. A wrong or missing argument raises and says which and what it must be; read them at the top of the script, and a mistake is found before the script takes over.
---@class configlib
config = {}

---Reads an argument that is a string.
---
---To be called in: anywhere.
---```lua
---local greeting = config.string("greeting", "You said: ")
---```
---@param name string # the key under args; "routes.default" is a key of a mapping
---@param default? string # if the args have none; without it a missing one raises
---@return string value # the argument
function config.string(name, default) end

---Reads an argument that is a number.
---
---To be called in: anywhere.
---```lua
---local retries = config.number("retries", 3, { min = 0, max = 10 })
---```
---@param name string # the key under args; "routes.default" is a key of a mapping
---@param default? number # if the args have none; without it a missing one raises
---@param bounds? { min?: number, max?: number } # what is allowed
---@return number value # the argument
function config.number(name, default, bounds) end

---Reads an argument that is a boolean.
---
---To be called in: anywhere.
---```lua
---local loud = config.boolean("loud", false)
---```
---@param name string # the key under args; "routes.default" is a key of a mapping
---@param default? boolean # if the args have none; without it a missing one raises
---@return boolean value # the argument
function config.boolean(name, default) end

---Reads an argument that is a duration.
---
---To be called in: anywhere.
---```lua
---local wait = config.duration("wait", "5s")
---assert(wait == 5)
---```
---@param name string # the key under args; "routes.default" is a key of a mapping
---@param default? duration # if the args have none; without it a missing one raises
---@return number seconds # the argument
function config.duration(name, default) end

---Reads an argument that is a table.
---
---To be called in: anywhere.
---```lua
---for number, route in pairs(config.table("routes", {})) do log.info(number, { route = route }) end
---```
---@param name string # the key under args; "routes.default" is a key of a mapping
---@param default? table # if the args have none; without it a missing one raises
---@return table value # the argument
function config.table(name, default) end

---Reads an argument that is one of some words.
---
---To be called in: anywhere.
---```lua
---local mode = config.enum("mode", { "echo", "drop" }, "echo")
---```
---@param name string # the key under args; "routes.default" is a key of a mapping
---@param words string[] # what is allowed
---@param default? string # if the args have none; without it a missing one raises
---@return string word # one of them
function config.enum(name, words, default) end

---Gives a secret that `allow: {secrets: [...]}` names. Its text cannot be read, printed, logged, sent or written as JSON; crypto.hmac, crypto.equal, the headers and auth of http, and the password of a bind PDU take it. The password of such a PDU reads as the secret, not as its text.
---
---To be called in: anywhere.
---```lua
---local key = config.secret("api_key")
---assert(tostring(key) == "secret api_key")
---```
---@param name string # under secrets in the configuration
---@return Secret secret # to be handed to http, crypto and pdu, and to nothing else
function config.secret(name) end

---Reads a data file, such as a list of routes, that `allow: {files: [...]}` names; a name may have *, and /** at its end. Links do not lead out of the script root. At most 4 MiB.
---
---To be called in: anywhere.
---```lua
---local routes = assert(json.decode(assert(config.file("data/routes.json"))))
---```
---@param path string # below the script root
---@return string? octets # all that the file holds
---@return Error? err # nil, or what went wrong: not_allowed, not_found, too_large
function config.file(path) end

return config
