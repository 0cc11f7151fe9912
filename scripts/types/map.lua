---@meta
-- Written by go generate from the declarations in luabind. Do not edit.

---A map. Keys are strings, values are data, copied: strings, numbers, booleans, tables of them, PDUs. #m is the number of entries.
---@class Map
local Map = {}

---Reads an entry.
---
---To be called in: callbacks and tasks.
---```lua
---assert(map.open("doc", { max = 10 }):get("absent") == nil)
---```
---@param key string # at most 1024 octets
---@return any value # nil if there is none
function Map:get(key) end

---Puts an entry, or puts it anew: its time starts again. A value may have 64 KiB. What is refused has changed nothing.
---
---To be called in: callbacks and tasks.
---```lua
---local m = map.open("doc", { max = 10, ttl = "1h" })
---assert(m:set("a", { to = "491700000001", tries = 1 }))
---assert(m:get("a").tries == 1)
---```
---@param key string # at most 1024 octets
---@param value any # not nil
---@return boolean? ok # true
---@return Error? err # nil, or what went wrong: full
function Map:set(key, value) end

---Reads an entry and removes it.
---
---To be called in: callbacks and tasks.
---```lua
---local m = map.open("doc", { max = 10 })
---m:set("a", 1)
---assert(m:take("a") == 1 and m:take("a") == nil)
---```
---@param key string # at most 1024 octets
---@return any value # nil if there was none
function Map:take(key) end

---Removes an entry.
---
---To be called in: callbacks and tasks.
---```lua
---assert(not map.open("doc", { max = 10 }):delete("absent"))
---```
---@param key string # at most 1024 octets
---@return boolean was # whether there was one
function Map:delete(key) end

---Adds to a number; an entry that is not there counts as 0. The entry's time goes on.
---
---To be called in: callbacks and tasks.
---```lua
---assert(map.open("tries", { max = 10 }):add("491700000001") == 1)
---```
---@param key string # at most 1024 octets
---@param n? number # 1
---@return number? value # the new number
---@return Error? err # nil, or what went wrong: full, no_number
function Map:add(key, n) end

---Counts the entries; #m does too. When more than 10,000 expire at once, some of them count until the next operations have dropped them.
---
---To be called in: callbacks and tasks.
---```lua
---assert(map.open("empty", { max = 10 }):len() == 0)
---```
---@return integer n # the number of entries
function Map:len() end

---Goes through the entries that there are now, in a for loop. It is for reports, not for each message: it takes its time.
---
---To be called in: callbacks and tasks.
---```lua
---local m = map.open("doc", { max = 10 })
---m:set("a", 1)
---for key, value in m:pairs() do log.info(key, { value = value }) end
---```
---@return function next # gives key and value, the oldest first
function Map:pairs() end

---Removes all entries.
---
---To be called in: callbacks and tasks.
---```lua
---assert(map.open("empty", { max = 10 }):clear() == 0)
---```
---@return integer n # how many there were
function Map:clear() end

---Dictionaries for what is in flight, such as message ids until their receipts come: bounded, expiring, the same time for each operation however large, and no garbage in the script's memory. A map belongs to the bind: it survives a reload and a reconnect, which the state does not. It ends with the host. A bind may have 100 maps, which hold 256 MiB together.
---@class maplib
map = {}

---Opens a map. At the top of the script is a good place: nothing happens until it is used.
---
---To be called in: anywhere.
---```lua
---local waiting = map.open("waiting", { max = 100000, ttl = "72h" })
---assert(waiting:set("id-1", "491700000001"))
---assert(waiting:take("id-1") == "491700000001" and waiting:get("id-1") == nil)
---```
---@param name string # of the map, within the bind
---@param opts { max: integer, ttl?: duration, full?: ("refuse"|"evict") } # its bounds; they may change with the script: nothing is dropped by that alone, but a new ttl counts for all entries
---@return Map m # the map
function map.open(name, opts) end

return map
