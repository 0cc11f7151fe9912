-- an __index that indexes
-- ends: error limits
return {
  handle_pdu = function(p, state)
    local t = setmetatable({}, {})
    getmetatable(t).__index = function(t, k) return t[k .. "x"] end
    local _ = t.a
  end,
}
