-- a __tostring that catches
-- ends: limits
return {
  handle_pdu = function(p, state)
    local t = setmetatable({}, { __tostring = function() pcall(function() while true do end end) return "x" end })
    while true do tostring(t) end
  end,
}
