---@meta
-- Written by go generate from the declarations in luabind. Do not edit.

---Octets as hexadecimal digits, and back.
---@class hexlib
hex = {}

---Encodes octets.
---
---To be called in: anywhere.
---```lua
---assert(hex.encode("\0\255") == "00ff")
---```
---@param octets string # what to encode
---@return string digits # two for an octet, in lower case
function hex.encode(octets) end

---Decodes digits.
---
---To be called in: anywhere.
---```lua
---assert(hex.decode("05 00 03") == "\5\0\3")
---```
---@param digits string # in any case; spaces between octets do not matter
---@return string? octets # what was encoded
---@return Error? err # nil, or what went wrong: invalid_hex
function hex.decode(digits) end

return hex
