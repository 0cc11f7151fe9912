-- a __tostring that calls tostring
-- ends: error limits
return {
  handle_pdu = function(p, state)
    local t = setmetatable({}, { __tostring = function(t) return tostring(t) end })
    local _ = tostring(t)
  end,
}
