---@meta
-- Written by go generate from the declarations in luabind. Do not edit.

---Octets as text of letters and digits, and back (RFC 4648).
---@class base64lib
base64 = {}

---Encodes octets.
---
---To be called in: anywhere.
---```lua
---assert(base64.encode("hello") == "aGVsbG8=")
---```
---@param octets string # what to encode
---@param opts? { url?: boolean, padding?: boolean } # which variant
---@return string text # in base64
function base64.encode(octets, opts) end

---Decodes text, with or without padding.
---
---To be called in: anywhere.
---```lua
---assert(base64.decode("aGVsbG8") == "hello")
---```
---@param text string # base64; line ends in it do not matter
---@param opts? { url?: boolean, padding?: boolean } # which variant
---@return string? octets # what was encoded
---@return Error? err # nil, or what went wrong: invalid_base64
function base64.decode(text, opts) end

return base64
