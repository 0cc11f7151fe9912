-- __tostring that asks for itself, in errors, in print and in the log
-- ends: fine limits error
local t = setmetatable({}, {})
getmetatable(t).__tostring = function(x) return tostring(x) end
return {
  handle_pdu = function()
    pcall(tostring, t) pcall(print, t) pcall(log.info, t) pcall(string.format, "%s", t)
    error(t)
  end,
}
