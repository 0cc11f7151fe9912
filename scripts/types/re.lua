---@meta
-- Written by go generate from the declarations in luabind. Do not edit.

---Regular expressions with RE2's syntax, in time proportional to the text: no pattern can run away. Positions count octets from 1. The patterns that a script uses are kept compiled, the last 512; a wrong one raises. Lua's own patterns are in the module string.
---@class relib
re = {}

---Finds the first match.
---
---To be called in: anywhere.
---```lua
---local word, rest = re.match("STOP weather", [[(?i)^(stop|start)\s+(.*)$]])
---assert(word == "STOP" and rest == "weather")
---```
---@param s string # the text
---@param pattern string # in RE2's syntax, such as (?i)^stop\b
---@return string? ... # the captures, or the whole match if there are none; nil if nothing matches; false for a capture that took no part
function re.match(s, pattern) end

---Finds where the first match is.
---
---To be called in: anywhere.
---```lua
---assert(re.find("abc123", [[\d+]]) == 4)
---```
---@param s string # the text
---@param pattern string # in RE2's syntax, such as (?i)^stop\b
---@param init? integer # where to start; 1
---@return integer? first # where the match starts; nil if nothing matches
---@return integer? last # where it ends
---@return string? ... # the captures
function re.find(s, pattern, init) end

---Finds the first match and gives its named groups.
---
---To be called in: anywhere.
---```lua
---local r = re.named("id:123 stat:DELIVRD", [[id:(?P<id>\S+) stat:(?P<stat>\w+)]])
---assert(r.id == "123" and r.stat == "DELIVRD")
---```
---@param s string # the text
---@param pattern string # with named groups: (?P<name>...)
---@return table? groups # what each named group matched; nil if nothing matches
function re.named(s, pattern) end

---Goes through all matches, in a for loop.
---
---To be called in: anywhere.
---```lua
---local n = 0
---for number in re.gmatch("1, 22, 333", [[\d+]]) do n = n + #number end
---assert(n == 6)
---```
---@param s string # the text
---@param pattern string # in RE2's syntax, such as (?i)^stop\b
---@return function next # gives the captures of one match after the other
function re.gmatch(s, pattern) end

---Replaces all matches.
---
---To be called in: anywhere.
---```lua
---assert(re.gsub("+49 170-1234567", "[^0-9]", "") == "491701234567")
---```
---@param s string # the text
---@param pattern string # in RE2's syntax, such as (?i)^stop\b
---@param repl string|table|function # what takes its place: a string with %0 to %9 for the captures, a table by the first capture, or a function of the captures; nil or false keeps the match
---@param n? integer # at most so many
---@return string text # with the matches replaced
---@return integer count # how many there were
function re.gsub(s, pattern, repl, n) end

---Splits a text where the pattern matches.
---
---To be called in: anywhere.
---```lua
---assert(#re.split("a, b;c", [[[,;]\s*]]) == 3)
---```
---@param s string # the text
---@param pattern string # in RE2's syntax, such as (?i)^stop\b
---@param n? integer # at most so many parts
---@return string[] parts # what stands between the matches
function re.split(s, pattern, n) end

---Makes a pattern that stands for a text as it is.
---
---To be called in: anywhere.
---```lua
---assert(re.match("a.b", re.escape("a.b")))
---```
---@param text string # any text
---@return string pattern # that matches just this text
function re.escape(text) end

return re
