---@meta
-- Written by go generate from the declarations in luabind. Do not edit.

---Identifiers that are unique without asking anybody (RFC 9562).
---@class uuidlib
uuid = {}

---Makes a random one.
---
---To be called in: anywhere.
---```lua
---assert(#uuid.v4() == 36)
---```
---@return string id # 36 characters
function uuid.v4() end

---Makes one that sorts by its time: later ones are greater.
---
---To be called in: anywhere.
---```lua
---assert(uuid.v7() < uuid.v7())
---```
---@return string id # 36 characters
function uuid.v7() end

---Tells whether a text is a UUID.
---
---To be called in: anywhere.
---```lua
---assert(uuid.valid("0190163d-8694-739b-aea5-966c26f8ad91") and not uuid.valid("abc"))
---```
---@param id string # any text
---@return boolean yes # whether it is a UUID of 36 characters
function uuid.valid(id) end

return uuid
