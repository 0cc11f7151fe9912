---@meta
-- Written by go generate from the declarations in luabind. Do not edit.

---The clock, and times as text. A time is a number: seconds since 1970 in UTC, with a fraction.
---@class timelib
time = {}

---Tells the time.
---
---To be called in: anywhere.
---```lua
---assert(time.now() > 1700000000)
---```
---@return number t # seconds since 1970
function time.now() end

---Tells how long the host has run: for measuring, as nobody turns this clock.
---
---To be called in: anywhere.
---```lua
---local began = time.monotonic()
---assert(time.monotonic() >= began)
---```
---@return number t # seconds
function time.monotonic() end

---Writes a time.
---
---To be called in: anywhere.
---```lua
---assert(time.format(0) == "1970-01-01T00:00:00Z")
---assert(time.format(0, "%d.%m.%Y %H:%M", "Europe/Berlin") == "01.01.1970 01:00")
---```
---@param t? number # seconds since 1970; now unless given
---@param layout? string # as of strftime: %Y-%m-%d %H:%M:%S, %y %j %a %A %b %B %p %I %F %T %z %Z %L (milliseconds) %s (seconds since 1970) %%; RFC 3339 unless given
---@param zone? string # such as "Europe/Berlin"; "UTC" unless given, "local" is the host's
---@return string text # the time
function time.format(t, layout, zone) end

---Reads a time; the zone counts where the text has none.
---
---To be called in: anywhere.
---```lua
---assert(time.parse("1970-01-01T01:00:00+01:00") == 0)
---assert(time.parse("2401311200", "%y%m%d%H%M") == 1706702400)
---```
---@param text string # the time
---@param layout? string # as in format, with numbers only; RFC 3339 unless given
---@param zone? string # such as "Europe/Berlin"; "UTC" unless given, "local" is the host's
---@return number? t # seconds since 1970
---@return Error? err # nil, or what went wrong: invalid_time
function time.parse(text, layout, zone) end

---Writes a time as SMPP does (SMPP 3.4 §7.1.1).
---
---To be called in: anywhere.
---```lua
---assert(time.smpp(0) == "700101000000000+")
---assert(time.smpp("24h") == "000001000000000R")
---```
---@param when number|string # a number is a time, a text such as "24h" a time from now
---@return string? text # 16 characters, for schedule_delivery_time and validity_period
---@return Error? err # nil, or what went wrong: invalid_time: too far away
function time.smpp(when) end

---Reads a time that SMPP writes; the zone counts for the short forms, which have none.
---
---To be called in: anywhere.
---```lua
---assert(time.parse_smpp("700101000000000+") == 0)
---assert(time.parse_smpp("2401311200") == 1706702400)
---```
---@param text string # 16, 12 or 10 characters
---@param zone? string # such as "Europe/Berlin"; "UTC" unless given, "local" is the host's
---@return number? t # seconds since 1970; a time from now counts from now
---@return Error? err # nil, or what went wrong: invalid_time
function time.parse_smpp(text, zone) end

return time
