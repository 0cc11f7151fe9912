---@meta
-- Written by go generate from the declarations in luabind. Do not edit.

---JSON text to values and back. A string stays a string, whatever it looks like; a whole number beyond 2^53, which Lua could not hold, becomes a string of its digits, so that no id is ever changed. Nesting is bounded at 128, texts at 4 MiB.
---@class jsonlib
---@field null userdata # Stands for null, which nil cannot inside a table. It is true as a condition: compare with == json.null.
json = {}

---Writes a value. A table with the keys 1 to n is an array, any other an object, the empty one {} unless json.array made it. What has no JSON form, such as a function, a PDU or a number that is none, raises with its path.
---
---To be called in: anywhere.
---```lua
---local text = assert(json.encode { id = "007", to = { "1", "2" }, tags = json.array {} })
---assert(text == '{"id":"007","tags":[],"to":["1","2"]}')
---```
---@param value any # nil, a boolean, number, string, table or json.null
---@param opts? { indent?: integer } # how to write it
---@return string? text # the JSON text; keys are sorted
---@return Error? err # nil, or what went wrong: invalid_utf8: a string is no text; use base64 or hex
function json.encode(value, opts) end

---Reads a text. Of a key that an object has twice the last counts.
---
---To be called in: anywhere.
---```lua
---local v = assert(json.decode('{"id": 12345678901234567890, "n": 1.5, "gone": null}'))
---assert(v.id == "12345678901234567890" and v.n == 1.5 and v.gone == json.null)
---```
---@param text string # one JSON value
---@param opts? { nulls?: ("keep"|"drop") } # how to read it
---@return any value # what the text says
---@return Error? err # nil, or what went wrong: invalid_json, too_deep, with line and column
function json.decode(text, opts) end

---Marks a table as an array, so that it is written as [] even when it is empty. json.decode marks arrays so.
---
---To be called in: anywhere.
---```lua
---assert(json.encode(json.array()) == "[]")
---```
---@param list? table # a list; a new one unless given
---@return table list # the same table
function json.array(list) end

return json
