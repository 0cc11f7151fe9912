-- a table that is its own __index
-- ends: error fine
return {
  handle_pdu = function(p, state)
    local t = {}
    t.__index = t
    setmetatable(t, t)
    return t.missing
  end,
}
